"""The gateway client: receives interactions, has them answered, and shows the answers.

deferred at once     within the three seconds that Discord allows, regardless of the database
answered             in a thread, as plain values (replies/pending.py)
shown                in place of the deferred answer; updated while the work is in progress
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import Iterator
from typing import Any, Self

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route
from django.conf import settings
from django.utils import timezone

from cohorts import outages
from discordsync.bot import commands
from discordsync.bot.gateway import guild_changes, heartbeats
from discordsync.bot.gateway.guild_listener import GuildListener, is_ours
from discordsync.bot.gateway.registrar import Registrar
from discordsync.bot.gateway.threads import in_thread
from discordsync.bot.gateway.voice_listener import VoiceListener, Voices
from discordsync.bot.handlers import MISTAKE
from discordsync.bot.replies import pending
from discordsync.bot.replies.answers import BotAnswer
from discordsync.bot.replies.pending import Reply, Showing
from discordsync.bot.replies.rendering import render
from discordsync.bot.replies.requests import PREFIX, BotRequest, read_custom_id
from discordsync.bot.replies.users import Asker
from discordsync.observe.hidden_objects import record_hidden_channels

logger = logging.getLogger(__name__)

ALREADY_ANSWERED, TOO_LATE = 40060, 10062
# Unknown webhook, message or channel; an expired token; a channel that the bot may not use.
NOT_TO_BE_SHOWN = frozenset({10003, 10008, 10015, 50001, 50013, 50027})
EPHEMERAL = 64  # message flag: visible to one person only
IDENTIFY_SECONDS = 5.0
GUILD_SECONDS = 1.0  # to wait for our guild after READY; a later one is handled too
LOOK_EVERY = 1.0  # seconds between polls for answers in progress
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot uses no audio
BROKEN = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)

Interaction = discord.Interaction["Bot"]


class PressedButton(
    discord.ui.DynamicItem[discord.ui.Button[Any]], template=re.compile(rf"{PREFIX}:.+")
):
    """Any button of ours, including one that an earlier process sent."""

    @classmethod
    async def from_custom_id(  # type: ignore[override]
        cls, _interaction: Interaction, item: discord.ui.Item[Any], _match: re.Match[str], /
    ) -> Self:
        assert isinstance(item, discord.ui.Button)
        return cls(item)

    async def callback(self, interaction: Interaction) -> None:  # type: ignore[override]
        ask = read_custom_id(self.custom_id)
        await interaction.client.answer(interaction, ask or BotRequest("outdated"))


class Bot(GuildListener, VoiceListener, discord.Client):
    def __init__(self, name: str) -> None:
        # Joins and leaves need the privileged members intent; message content is not read.
        intents = discord.Intents(guilds=True, members=True, voice_states=True)
        super().__init__(
            intents=intents,
            allowed_mentions=discord.AllowedMentions.none(),
            guild_ready_timeout=GUILD_SECONDS,
            heartbeat_timeout=settings.BOT["silence_seconds"],
        )
        self.name = name
        self.voices = Voices(self)
        self.catching_up = asyncio.Lock()
        self.caught_up: str | None = None  # the last session that caught up
        self.hidden: list[tuple[int, int | None]] | None = None  # as stored last
        self.identified_at = float("-inf")
        self.under_way = 0
        self.ending = False
        self.chores: list[asyncio.Task[None]] = []
        self.tree = commands.make_tree(self)
        self.registrar = Registrar(self)
        self.add_dynamic_items(PressedButton)

    # -- connecting ------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Set up the gateway's address and background tasks, after login and before connecting."""
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        for seconds, chore in (
            (LOOK_EVERY, self._carry_on),
            (LOOK_EVERY, self.registrar.register_when_due),
            (heartbeats.EVERY, self._beat),
        ):
            self.chores.append(self.loop.create_task(self._every(seconds, chore)))
        self.chores.append(self.loop.create_task(self.voices.listen()))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for Discord's limit of one identify in 5 seconds; discord.py would always wait 5."""
        await asyncio.sleep(max(self.identified_at + IDENTIFY_SECONDS - time.monotonic(), 0))
        self.identified_at = time.monotonic()

    async def on_ready(self) -> None:
        """Handle a new session.  Missed events are compensated for by a resync of all groups."""
        guild = self.get_guild(settings.DISCORD_GUILD_ID or 0)
        if guild is None:
            logger.error("The bot is not in the Discord server in DISCORD_GUILD_ID.")
            await in_thread(heartbeats.note_trouble, self.name, "wrong_guild")
        else:
            await self._arrive(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Handle our guild if it becomes available only after READY."""
        if self.is_ready() and is_ours(guild):
            await self._arrive(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if is_ours(guild):
            await self._arrive(guild)

    async def _arrive(self, guild: discord.Guild) -> None:
        """Start working on our guild, whose state is now up to date."""
        self.voices.find()
        self.hidden = None
        await self._note_hidden(guild)
        await self._catch_up_once(guild)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        if is_ours(channel.guild):
            await self._note_hidden(channel.guild)

    async def _note_hidden(self, guild: discord.Guild) -> None:
        """Store the channels that the bot cannot see, if they have changed."""
        found = find_hidden_channels(guild)
        if found != self.hidden:
            await in_thread(record_hidden_channels, found)
            self.hidden = found

    async def _catch_up_once(self, guild: discord.Guild) -> None:
        """Catch up once in each session."""
        async with self.catching_up:
            if self.ws.session_id != self.caught_up:
                await self._catch_up(guild, self.ws.session_id)

    async def _catch_up(self, guild: discord.Guild, session: str | None) -> None:
        joined = {member.id: member.joined_at or discord.utils.utcnow() for member in guild.members}
        await in_thread(guild_changes.note_present, joined, whole=guild.chunked)
        await in_thread(heartbeats.hear, self.name)
        logger.info("The bot is connected.")
        self.caught_up = session

    async def _beat(self) -> None:
        """Record a heartbeat, and retry a catch-up that failed."""
        guild = self.get_guild(settings.DISCORD_GUILD_ID or 0)
        if guild is not None and self.is_ready() and self.ws is not None and self.ws.open:
            await in_thread(heartbeats.hear, self.name)
            await self._note_hidden(guild)
            await self._catch_up_once(guild)

    async def _every(self, seconds: float, chore: Any) -> None:
        while not self.ending:
            try:
                await chore()
            except Exception as error:
                # The next iteration tries again.
                outages.report_failure(error, "A background task of the bot failed")
            await asyncio.sleep(seconds)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        self.under_way += 1
        try:
            yield
        finally:
            self.under_way -= 1

    async def finish(self, seconds: float) -> None:
        """Disconnect after waiting at most `seconds` for answers in progress.  Unfinished ones are
        rows that the next process picks up."""
        self.ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.under_way:
                    await asyncio.sleep(0.05)
        for chore in self.chores:
            chore.cancel()
        await self.close()

    # -- answering -------------------------------------------------------------------------------

    async def answer(self, interaction: Interaction, ask: BotRequest) -> None:
        with self._working():
            if not await defer(interaction):
                return
            reply = read_reply(interaction, ask)
            try:
                showing = await in_thread(pending.take, reply)
            except Exception as error:
                outages.report_failure(error, "An interaction could not be recorded")
                await self._apologize(reply)
            else:
                if showing is not None:
                    await self._show(showing)

    async def _apologize(self, reply: Reply) -> None:
        """Answer that something went wrong, since the ask could not be stored to be retried."""
        answer = BotAnswer(MISTAKE)
        with contextlib.suppress(*BROKEN):
            await self._put(Showing(reply, answer, body=render(answer)))

    async def _carry_on(self) -> None:
        """Continue answers in progress, and those of a process that has died."""
        with self._working():
            for showing in await in_thread(pending.take_due):
                await self._show(showing)

    async def _show(self, showing: Showing) -> None:
        try:
            await self._put(showing)
        except discord.HTTPException as error:
            if error.code in NOT_TO_BE_SHOWN or error.status in {401, 403, 404}:
                await in_thread(pending.drop, showing)
                return
            await self._fail(showing, error)
        except BROKEN as error:
            await self._fail(showing, error)
        else:
            await in_thread(pending.settle, showing, arrived=True)

    async def _fail(self, showing: Showing, error: Exception) -> None:
        logger.warning(
            "A response could not be shown (%s); the bot tries again", type(error).__name__
        )
        await in_thread(pending.settle, showing, arrived=False)

    async def _put(self, showing: Showing) -> None:
        reply = showing.reply
        if showing.body is not None:
            route = Route(
                "PATCH",
                "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                webhook_id=reply.application_id,
                webhook_token=reply.token,
            )
            await self.http.request(route, json=showing.body)
        if showing.aloud and reply.channel_id:
            route = Route("POST", "/channels/{channel_id}/messages", channel_id=reply.channel_id)
            await self.http.request(route, json=say_aloud(showing))


def find_hidden_channels(guild: discord.Guild) -> list[tuple[int, int | None]]:
    """Return type and category id of each channel that the bot cannot see.

    Discord sends these obfuscated.  A category is visible if one of its channels is.
    """
    seen = {c.id for c in guild.channels if c.permissions_for(guild.me).view_channel}
    seen |= {c.category_id for c in guild.channels if c.id in seen and c.category_id}
    return [(c.type.value, c.category_id) for c in guild.channels if c.id not in seen]


def say_aloud(showing: Showing) -> dict[str, Any]:
    """Return a message to the asker.  The nonce keeps a repeated call from posting it twice."""
    person = showing.reply.asker.discord_id
    return {
        "content": f"<@{person}> {showing.aloud}",
        "nonce": str(showing.reply.interaction_id),
        "enforce_nonce": True,
        "allowed_mentions": {"users": [str(person)]},
    }


async def defer(interaction: Interaction) -> bool:
    """Acknowledge an interaction in time.  Returns False if nothing more must be done for it.

    An ephemeral message is updated in place; any other gets a new answer that only the user sees.
    """
    message = interaction.message
    in_place = message is not None and bool(message.flags.value & EPHEMERAL)
    try:
        if in_place:
            await interaction.response.defer()
        else:
            await interaction.response.defer(ephemeral=True, thinking=True)
    except discord.HTTPException as error:
        if error.code == ALREADY_ANSWERED:
            return False  # a duplicate, or another process answers it
        if error.code == TOO_LATE:
            logger.warning("An interaction was received too late to respond")
            return False
        logger.warning("Discord did not confirm an acknowledgement; the response may still arrive")
    except BROKEN:
        logger.warning("Discord did not confirm an acknowledgement; the response may still arrive")
    return True


def read_reply(interaction: Interaction, ask: BotRequest) -> Reply:
    user = interaction.user
    return Reply(
        interaction_id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        channel_id=interaction.channel_id,
        asker=Asker(
            user.id,
            user.display_name,
            is_admin=interaction.guild_id == settings.DISCORD_GUILD_ID
            and interaction.permissions.administrator,
        ),
        ask=ask,
        asked_at=timezone.now(),
    )
