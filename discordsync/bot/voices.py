"""The voice channels: who is in them is looked at whenever somebody comes or goes, and every few
seconds, so that it is known until when somebody listened.

Only a connected bot looks.  After whatever may have made it miss something (a broken connection, a
database that was away, a process that was frozen) it listens with another ear: what lies between is
a time in which nobody listened.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import Collection, Mapping
from datetime import timedelta

import discord
from django.conf import settings

from cohorts import clock, outages
from discordsync.bot.listening import is_ours
from discordsync.bot.threads import in_thread
from discordsync.voice import hearing

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

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Discord has trouble of its own, and tells nothing of the guild until it is over."""
        if is_ours(guild):
            self.voices.lose()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        if is_ours(guild):
            self.voices.lose()

    async def on_resumed(self) -> None:
        """What was missed has been told by now."""
        self.voices.find()


class Voices:
    """Looks into the voice channels of the guild as long as `listen` runs."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._ear = Ear()
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
            except Exception as error:
                self._ear.break_off()  # nothing was written down for this time
                outages.report_failure(error, "Voice presence could not be recorded")

    async def _look(self) -> None:
        for name in list(self._ear.doubted):
            await in_thread(hearing.doubt, name)
            self._ear.doubted.discard(name)
        guild = self._client.get_guild(settings.DISCORD_GUILD_ID or 0)
        if self._is_connected and guild is not None and not guild.unavailable:
            seen_at = time.monotonic()
            await in_thread(_hear, self._ear.listen(seen_at), see(guild), seen_at)


def see(guild: discord.Guild) -> dict[int, list[int]]:
    """The ids of the accounts in each voice channel that the bot may see."""
    return {
        channel.id: list(channel.voice_states)
        for channel in guild.voice_channels
        if channel.permissions_for(guild.me).view_channel
    }


class Ear:
    """Names each unbroken time of listening.  Moments are seconds of a clock that only runs on."""

    def __init__(self) -> None:
        self._name = ""
        self._listened_at = float("-inf")
        self.doubted: set[str] = set()  # whose last moments may have been silence on a dead wire

    def listen(self, moment: float) -> str:
        """The name under which is heard what is seen at this moment."""
        if moment - self._listened_at > FROZEN_AFTER + settings.VOICE["look_seconds"]:
            self._name = ""
        self._listened_at = moment
        self._name = self._name or secrets.token_hex(16)
        return self._name

    def break_off(self) -> None:
        if self._name:
            self.doubted.add(self._name)
        self._name = ""


def _hear(ear: str, here: Mapping[int, Collection[int]], seen_at: float) -> None:
    """A thread may have been waited for, but what was seen holds for the moment of seeing it."""
    waited = timedelta(seconds=time.monotonic() - seen_at)
    hearing.hear(ear, here, now=clock.now() - waited)
