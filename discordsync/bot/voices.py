"""The voice channels: who is in them is looked at whenever somebody comes or goes, and every few
seconds, so that it is known until when somebody listened.

Only a connected bot looks.  After whatever may have made it miss something (a broken connection, a
database that was away, a process that was frozen) it listens with another ear: what lies between is
a time in which nobody listened.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import secrets
import time
from collections.abc import Collection, Mapping
from datetime import timedelta

import discord
from django.conf import settings

from cohorts import clock
from discordsync.bot.threads import in_thread
from discordsync.voice import hearing

logger = logging.getLogger(__name__)

FROZEN_AFTER = 60.0  # seconds between two looks; Discord gives a silent client up about then


class VoiceListener:
    """A mixin of the bot, which tells its `voices` what happens."""

    voices: Voices

    async def on_voice_state_update(
        self, _member: discord.Member, _before: discord.VoiceState, _after: discord.VoiceState
    ) -> None:
        self.voices.look_soon()

    async def on_disconnect(self) -> None:
        self.voices.lose()

    async def on_guild_unavailable(self, _guild: discord.Guild) -> None:
        """Discord has trouble of its own, and tells nothing of the guild until it is over."""
        self.voices.lose()

    async def on_resumed(self) -> None:
        """What was missed has been told by now."""
        self.voices.find()


class Voices:
    """Looks into the voice channels of the guild as long as `listen` runs."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._ear = _Ear()
        self._is_connected = False
        self._soon = asyncio.Event()

    def look_soon(self) -> None:
        self._soon.set()

    def find(self) -> None:
        """The client knows the guild as it is now."""
        self._is_connected = True
        self._soon.set()

    def lose(self) -> None:
        """The client hears nothing any more, perhaps for some time already."""
        self._is_connected = False
        self._ear.break_off()
        self._soon.set()

    async def listen(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), settings.VOICE["look_seconds"])
            self._soon.clear()
            try:
                await self._look()
            except Exception:
                self._ear.break_off()  # the database may be away: then nobody writes it down
                logger.exception("Who is in the voice channels could not be written down")

    async def _look(self) -> None:
        await self._ear.settle_doubts()
        guild = self._client.get_guild(settings.DISCORD_GUILD_ID or 0)
        if self._is_connected and guild is not None and not guild.unavailable:
            await self._ear.hear(see(guild))


def see(guild: discord.Guild) -> dict[int, list[int]]:
    """The ids of the accounts in each voice channel that the bot may see."""
    return {
        channel.id: list(channel.voice_states)
        for channel in guild.voice_channels
        if channel.permissions_for(guild.me).view_channel
    }


class _Ear:
    """One unbroken time of listening after the other."""

    def __init__(self) -> None:
        self._name = ""
        self._doubted: set[str] = set()
        self._heard_at = time.monotonic()

    def break_off(self) -> None:
        if self._name:
            self._doubted.add(self._name)
        self._name = ""

    async def settle_doubts(self) -> None:
        for name in list(self._doubted):
            await in_thread(hearing.doubt, name)
            self._doubted.discard(name)

    async def hear(self, here: Mapping[int, Collection[int]]) -> None:
        if time.monotonic() - self._heard_at > FROZEN_AFTER + settings.VOICE["look_seconds"]:
            self._name = ""
        self._name = self._name or secrets.token_hex(16)
        await in_thread(_hear, self._name, here, time.monotonic())
        self._heard_at = time.monotonic()


def _hear(ear: str, here: Mapping[int, Collection[int]], seen_at: float) -> None:
    """A thread may have been waited for, but what was seen holds for the moment of seeing it."""
    waited = timedelta(seconds=time.monotonic() - seen_at)
    hearing.hear(ear, here, now=clock.now() - waited)
