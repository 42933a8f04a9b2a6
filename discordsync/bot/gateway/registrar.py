"""Register the bot's commands with Discord, with growing pauses after failures."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import aiohttp
import discord
from django.conf import settings

from cohorts import clock
from cohorts.outbox.holds import why_held
from discordsync.bot import commands
from discordsync.bot.gateway import heartbeats
from discordsync.bot.gateway.threads import in_thread

if TYPE_CHECKING:
    from discordsync.bot.gateway.client import Bot

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 3600.0  # seconds
REFUSED = "commands_refused"


class Registrar:
    """Registers the commands once in each gateway session."""

    def __init__(self, bot: Bot) -> None:
        self._bot = bot
        self._registered: str | None = None  # the last session that registered them
        self._failures = 0
        self._next_at = float("-inf")
        self._trouble = ""
        self._held = ""

    async def register_when_due(self) -> None:
        """Register unless it was done, the bot is still catching up, a pause is not over, or staff
        have not confirmed yet that this server belongs to this installation."""
        session = self._bot.caught_up
        if session is None or session == self._registered or time.monotonic() < self._next_at:
            return
        if held := await in_thread(_find_hold):
            self._record_hold(held)
            return
        try:
            await commands.register(self._bot.tree)
        except (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError) as error:
            await self._handle_failure(error)
        else:
            self._registered, self._failures = session, 0
            await self._record_issue("")

    def _record_hold(self, held: str) -> None:
        self._next_at = time.monotonic() + settings.BOT["commands_retry_seconds"]
        if held != self._held:
            logger.warning("The bot's commands are not registered yet. %s", held)
            self._held = held

    async def _handle_failure(self, error: Exception) -> None:
        pause = settings.BOT["commands_retry_seconds"] * 2**self._failures
        self._failures = min(self._failures + 1, 12)
        self._next_at = time.monotonic() + min(pause, LONGEST_PAUSE)
        if isinstance(error, discord.Forbidden):
            if not self._trouble:
                logger.error("Discord does not accept the bot's commands: %s", error)
            await self._record_issue(REFUSED)
        else:
            logger.warning(
                "The commands could not be registered (%s); the bot tries again",
                type(error).__name__,
            )

    async def _record_issue(self, trouble: str) -> None:
        if trouble != self._trouble:
            await in_thread(heartbeats.record_commands_issue, self._bot.name, trouble)
            self._trouble = trouble


def _find_hold() -> str:
    """Return the reason why nothing may be written to this server yet, or ""."""
    return why_held(clock.now())
