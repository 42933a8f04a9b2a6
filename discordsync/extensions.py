"""What the bot offers to the provider, which works without it: the bot's apps.py registers both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cohorts.registries import Registry

Components = tuple[dict[str, Any], ...]

bot_checks: Registry[Callable[[], bool]] = Registry("checks whether a bot is connected")
message_components: Registry[Callable[[str, Mapping[str, Any]], Components]] = Registry(
    "components of messages"
)


def is_bot_connected() -> bool:
    return any(check() for check in bot_checks.values())


def find_components(kind: str, context: Mapping[str, Any]) -> Components:
    """Return the buttons under a message of this kind, in Discord's format."""
    return tuple(c for find in message_components.values() for c in find(kind, context))
