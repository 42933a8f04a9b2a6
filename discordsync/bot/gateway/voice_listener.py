"""Observe the voice channels: at each voice event, and every few seconds to extend the coverage.

Only a connected bot observes.  After anything that could make it miss an event (a broken
connection, a database outage, a frozen process) it starts a new observation, and the time in
between counts as unobserved.
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
from discordsync.attendance import voice_recording
from discordsync.bot.gateway.guild_listener import is_ours
from discordsync.bot.gateway.threads import in_thread

FROZEN_AFTER = 60.0  # seconds between observations; Discord drops a silent client then


class VoiceListener:
    """A mixin of the bot that passes events to its `voices`."""

    voices: VoiceObserver

    async def on_voice_state_update(
        self, _member: discord.Member, _before: discord.VoiceState, _after: discord.VoiceState
    ) -> None:
        self.voices.observe_soon()

    async def on_disconnect(self) -> None:
        self.voices.lose()

    async def on_guild_unavailable(self, guild: discord.Guild) -> None:
        """Stop observing during an outage of Discord, which sends no events of the guild then."""
        if is_ours(guild):
            self.voices.lose()

    async def on_guild_remove(self, guild: discord.Guild) -> None:
        if is_ours(guild):
            self.voices.lose()

    async def on_resumed(self) -> None:
        """Continue observing: a resumed session has received all missed events."""
        self.voices.find()


class VoiceObserver:
    """Observes the guild's voice channels as long as `listen` runs."""

    def __init__(self, client: discord.Client) -> None:
        self._client = client
        self._observation = CoverageName()
        self._is_connected = False
        self._soon = asyncio.Event()

    def observe_soon(self) -> None:
        self._soon.set()

    def find(self) -> None:
        """Start observing: the client's state of the guild is up to date."""
        self._is_connected = True
        self._soon.set()

    def lose(self) -> None:
        """Stop observing: no events arrive any more, perhaps for some time already."""
        self._is_connected = False
        self._observation.interrupt()
        self._soon.set()

    async def listen(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._soon.wait(), settings.VOICE["look_seconds"])
            self._soon.clear()
            try:
                await self._observe()
            except Exception as error:
                self._observation.interrupt()  # nothing was stored for this time
                outages.report_failure(error, "Voice presence could not be recorded")

    async def _observe(self) -> None:
        for name in list(self._observation.doubted):
            await in_thread(voice_recording.doubt, name)
            self._observation.doubted.discard(name)
        guild = self._client.get_guild(settings.DISCORD_GUILD_ID or 0)
        if self._is_connected and guild is not None and not guild.unavailable:
            seen_at = time.monotonic()
            await in_thread(
                _record, self._observation.listen(seen_at), read_voice_channels(guild), seen_at
            )


def read_voice_channels(guild: discord.Guild) -> dict[int, list[int]]:
    """Return the account ids in each voice channel that the bot can see."""
    return {
        channel.id: list(channel.voice_states)
        for channel in guild.voice_channels
        if channel.permissions_for(guild.me).view_channel
    }


class CoverageName:
    """Names each uninterrupted observation.  Moments are seconds of a monotonic clock."""

    def __init__(self) -> None:
        self._name = ""
        self._listened_at = float("-inf")
        self.doubted: set[str] = set()  # whose connection may have been dead before it broke

    def listen(self, moment: float) -> str:
        """Return the name under which an observation at this moment is stored."""
        if moment - self._listened_at > FROZEN_AFTER + settings.VOICE["look_seconds"]:
            self._name = ""
        self._listened_at = moment
        self._name = self._name or secrets.token_hex(16)
        return self._name

    def interrupt(self) -> None:
        if self._name:
            self.doubted.add(self._name)
        self._name = ""


def _record(observation: str, here: Mapping[int, Collection[int]], seen_at: float) -> None:
    """Store what was seen, dated to when it was seen: a thread may have been waited for."""
    waited = timedelta(seconds=time.monotonic() - seen_at)
    voice_recording.record_voice_states(observation, here, now=clock.now() - waited)
