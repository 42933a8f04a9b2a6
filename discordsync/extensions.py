"""What the bot offers to the provider, which works without it: the bot's apps.py registers both."""

from collections.abc import Callable, Mapping
from typing import Any

from cohorts.registries import Registry

Components = tuple[dict[str, Any], ...]

bot_checks: Registry[Callable[[], bool]] = Registry("checks whether a bot is connected")
# The buttons under messages, in Discord's format, by the kind of message.
message_components: Registry[Callable[[Mapping[str, Any]], Components]] = Registry(
    "components of messages"
)


def is_bot_connected() -> bool:
    return any(check() for check in bot_checks.values())
