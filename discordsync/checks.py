"""System checks of the settings for Discord."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name

from cohorts.validators import is_local


@register
def check_bot(**_: Any) -> Iterator[CheckMessage]:
    """Report settings of the bot that cannot work."""
    if settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID is None:
        yield Error(
            "Discord: DISCORD_BOT_TOKEN is set, but DISCORD_GUILD_ID is not.",
            hint="Set DISCORD_GUILD_ID to the ID of the bot's server.",
            id="lens.E001",
        )
    if has_sandbox_token() and not is_local(settings.DISCORD_API_BASE):
        yield Error(
            "Discord: a sandbox's token would be sent to the real Discord.",
            hint="Set the bot's own token, or DISCORD_API_BASE to the sandbox's address.",
            id="lens.E002",
        )


@register(deploy=True)
def check_deployed_bot(**_: Any) -> Iterator[CheckMessage]:
    """Report what the bot lacks in production."""
    if not settings.DISCORD_BOT_TOKEN:
        yield Warning(
            "Discord: DISCORD_BOT_TOKEN is not set, so no group can become active.",
            hint="docs/operations.md, “Discord”, shows how to create a bot and invite it.",
            id="lens.W010",
        )
        return
    if has_sandbox_token() or is_local(settings.DISCORD_API_BASE):
        yield Warning(
            f"Discord: the sandbox at {settings.DISCORD_API_BASE} is used.",
            hint="Set DISCORD_BOT_TOKEN to the bot's own token and leave DISCORD_API_BASE unset.",
            id="lens.W011",
        )
    if not settings.DISCORD_INVITE_URL:
        yield Warning(
            "Discord: DISCORD_INVITE_URL is not set, so people who are not in the server yet are "
            "not shown an invitation.",
            hint="Create an invitation that does not expire in the server settings.",
            id="lens.W012",
        )


def has_sandbox_token() -> bool:
    return str(settings.DISCORD_BOT_TOKEN).startswith("sandbox")
