"""The gateway client: receives interactions, has them answered, and shows the answers.

deferred at once     within the three seconds that Discord allows, regardless of the database
answered             in a thread, as plain values (pending.py)
shown                in place of the deferred answer; updated while the work is in progress
"""

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
from discordsync.bot import pending
from discordsync.bot.gateway import guild_changes, heartbeats
from discordsync.bot.gateway.commands import BotClient, Interaction, Registrar, make_tree
from discordsync.bot.gateway.guild_listener import GuildListener, MissedEvents, is_ours
from discordsync.bot.gateway.threads import in_thread
from discordsync.bot.gateway.voice_listener import VoiceListener, VoiceObserver
from discordsync.bot.handlers import ERROR
from discordsync.bot.models import BotReply
from discordsync.bot.pending import ReplyUpdate
from discordsync.bot.replies.bot_answer import BotAnswer
from discordsync.bot.replies.rendering import render
from discordsync.bot.replies.requests import PREFIX, BotRequest, read_custom_id
from discordsync.services import record_hidden_channels

logger = logging.getLogger(__name__)

ALREADY_ANSWERED, TOO_LATE = 40060, 10062
# Unknown webhook, message or channel; an expired token; a channel that the bot may not use.
UNDELIVERABLE = frozenset({10003, 10008, 10015, 50001, 50013, 50027})
EPHEMERAL = 64  # message flag: visible to one person only
IDENTIFY_SECONDS = 5.0
GUILD_SECONDS = 1.0  # to wait for our guild after READY; a later one is handled too
POLL_SECONDS = 1.0  # seconds between polls for answers in progress
discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False  # the bot uses no audio
CONNECTION_ERRORS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


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
        request = read_custom_id(self.custom_id)
        await interaction.client.answer(interaction, request or BotRequest("outdated"))


class Bot(GuildListener, VoiceListener, BotClient):
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
        self.voices = VoiceObserver(self)
        self.missed = MissedEvents()
        self.recording_members = asyncio.Lock()
        self.catching_up = asyncio.Lock()
        self.recording_hidden = asyncio.Lock()
        self.hidden: list[tuple[int, int | None]] | None = None  # as stored last
        self.identified_at = float("-inf")
        self.in_progress = 0
        self.ending = False
        self.background_tasks: list[asyncio.Task[None]] = []
        self.tree = make_tree(self)
        self.registrar = Registrar(self)
        self.add_dynamic_items(PressedButton)

    # -- connecting ------------------------------------------------------------------------------

    async def setup_hook(self) -> None:
        """Set up the gateway's address and background tasks, after login and before connecting."""
        _, gateway, _ = await self.http.get_bot_gateway()
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(gateway)
        for seconds, task in (
            (POLL_SECONDS, self._answer_due),
            (POLL_SECONDS, self.registrar.register_when_due),
            (heartbeats.EVERY, self._record_heartbeat),
        ):
            self.background_tasks.append(self.loop.create_task(self._every(seconds, task)))
        self.background_tasks.append(self.loop.create_task(self.voices.listen()))

    async def before_identify_hook(self, shard_id: int | None, *, initial: bool = False) -> None:
        """Wait for Discord's limit of one identify in 5 seconds; discord.py would always wait 5."""
        await asyncio.sleep(max(self.identified_at + IDENTIFY_SECONDS - time.monotonic(), 0))
        self.identified_at = time.monotonic()

    async def on_ready(self) -> None:
        """Handle a new session.  Missed events are compensated for by a resync of all groups."""
        guild = self.get_guild(settings.DISCORD_GUILD_ID or 0)
        if guild is None:
            logger.error("The bot is not in the Discord server in DISCORD_GUILD_ID.")
            await in_thread(heartbeats.record_issue, self.name, "wrong_guild")
        elif not guild.unavailable:
            await self._start_on_guild(guild)

    async def on_guild_available(self, guild: discord.Guild) -> None:
        """Handle our guild if it becomes available only after READY, or again after an outage."""
        if self.is_ready() and is_ours(guild):
            await self._return_to_guild(guild)

    async def on_guild_join(self, guild: discord.Guild) -> None:
        if is_ours(guild):
            await self._return_to_guild(guild)

    async def _return_to_guild(self, guild: discord.Guild) -> None:
        """Catch up again in the same session: events of the time in between are lost."""
        async with self.catching_up:
            self.caught_up = None
        await self._start_on_guild(guild)

    async def _start_on_guild(self, guild: discord.Guild) -> None:
        """Start working on our guild, whose state is now up to date."""
        self.voices.find()
        self.hidden = None
        await self._record_hidden(guild)
        await self._catch_up_once(guild)

    async def on_guild_channel_create(self, channel: discord.abc.GuildChannel) -> None:
        if is_ours(channel.guild):
            await self._record_hidden(channel.guild)

    async def _record_hidden(self, guild: discord.Guild) -> None:
        """Store the channels that the bot cannot see, if they have changed."""
        async with self.recording_hidden:  # or an older count could be stored last
            found = find_hidden_channels(guild)
            if found != self.hidden:
                await in_thread(record_hidden_channels, found)
                self.hidden = found

    async def _catch_up_once(self, guild: discord.Guild) -> None:
        """Catch up once in each session, and after an event that could not be handled."""
        async with self.catching_up:
            now = time.monotonic()
            if self.missed.is_due(now) or self.ws.session_id != self.caught_up:
                # Before, because another event may fail meanwhile.
                self.missed.begin(now)
                self.caught_up = None
                await self._catch_up(guild, self.ws.session_id)

    async def _catch_up(self, guild: discord.Guild, session: str | None) -> None:
        async with self.recording_members:
            now = discord.utils.utcnow()
            joined = {member.id: member.joined_at or now for member in guild.members}
            await in_thread(guild_changes.catch_up, joined, whole=guild.chunked)
        await in_thread(heartbeats.record_heartbeat, self.name)
        logger.info("The bot is connected.")
        self.caught_up = session

    async def _record_heartbeat(self) -> None:
        """Record a heartbeat, and retry a catch-up that failed."""
        guild = self.get_guild(settings.DISCORD_GUILD_ID or 0)
        if guild is not None and self.is_ready() and self.ws is not None and self.ws.open:
            await in_thread(heartbeats.record_heartbeat, self.name)
            if not guild.unavailable:
                await self._record_hidden(guild)
                await self._catch_up_once(guild)

    async def _every(self, seconds: float, task: Any) -> None:
        while not self.ending:
            try:
                await task()
            except Exception as error:
                # The next iteration tries again.
                outages.report_failure(error, "A background task of the bot failed")
            await asyncio.sleep(seconds)

    @contextlib.contextmanager
    def _working(self) -> Iterator[None]:
        self.in_progress += 1
        try:
            yield
        finally:
            self.in_progress -= 1

    async def finish(self, seconds: float) -> None:
        """Disconnect after waiting at most `seconds` for answers in progress.  Unfinished ones are
        rows that the next process picks up."""
        self.ending = True
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while self.in_progress:
                    await asyncio.sleep(0.05)
        for task in self.background_tasks:
            task.cancel()
        await self.close()

    # -- answering -------------------------------------------------------------------------------

    async def answer(self, interaction: Interaction, request: BotRequest) -> None:
        with self._working():
            if not await defer(interaction):
                return
            reply = read_reply(interaction, request)
            try:
                update = await in_thread(pending.answer_interaction, reply)
            except Exception as error:
                outages.report_failure(error, "An interaction could not be recorded")
                await self._show_error(reply)
            else:
                if update is not None:
                    await self._show(update)

    async def _show_error(self, reply: BotReply) -> None:
        """Answer that something went wrong, since the request could not be stored to be retried."""
        answer = BotAnswer(ERROR)
        with contextlib.suppress(*CONNECTION_ERRORS):
            await self._send(ReplyUpdate(reply, answer, body=render(answer)))

    async def _answer_due(self) -> None:
        """Continue answers in progress, and those of a process that has died."""
        with self._working():
            for update in await in_thread(pending.answer_due):
                await self._show(update)

    async def _show(self, update: ReplyUpdate) -> None:
        try:
            await self._send(update)
        except discord.HTTPException as error:
            if error.code in UNDELIVERABLE or error.status in {401, 403, 404}:
                await in_thread(pending.delete_reply, update)
                return
            await self._fail(update, error)
        except CONNECTION_ERRORS as error:
            await self._fail(update, error)
        else:
            await in_thread(pending.finish_update, update, arrived=True)

    async def _fail(self, update: ReplyUpdate, error: Exception) -> None:
        logger.warning(
            "A response could not be shown (%s); the bot tries again", type(error).__name__
        )
        await in_thread(pending.finish_update, update, arrived=False)

    async def _send(self, update: ReplyUpdate) -> None:
        reply = update.reply
        if update.body is not None:
            route = Route(
                "PATCH",
                "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
                webhook_id=reply.application_id,
                webhook_token=reply.token,
            )
            await self.http.request(route, json=update.body)
        if update.public_text and reply.channel_id:
            route = Route("POST", "/channels/{channel_id}/messages", channel_id=reply.channel_id)
            await self.http.request(route, json=build_public_post(update))


def find_hidden_channels(guild: discord.Guild) -> list[tuple[int, int | None]]:
    """Return type and category id of each channel that the bot cannot see.

    Discord sends these obfuscated.  A category is visible if one of its channels is.
    """
    seen = {c.id for c in guild.channels if c.permissions_for(guild.me).view_channel}
    seen |= {c.category_id for c in guild.channels if c.id in seen and c.category_id}
    return [(c.type.value, c.category_id) for c in guild.channels if c.id not in seen]


def build_public_post(update: ReplyUpdate) -> dict[str, Any]:
    """Return a message to the asker.  The nonce keeps a repeated call from posting it twice."""
    person = update.reply.discord_id
    return {
        "content": f"<@{person}> {update.public_text}",
        "nonce": str(update.reply.interaction_id),
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
    except CONNECTION_ERRORS:
        logger.warning("Discord did not confirm an acknowledgement; the response may still arrive")
    return True


def read_reply(interaction: Interaction, request: BotRequest) -> BotReply:
    """Return the row of an interaction, which is not stored yet."""
    user = interaction.user
    return BotReply(
        interaction_id=interaction.id,
        application_id=interaction.application_id,
        token=interaction.token,
        channel_id=interaction.channel_id,
        discord_id=user.id,
        asker_name=user.display_name[:80],
        is_admin=interaction.guild_id == settings.DISCORD_GUILD_ID
        and interaction.permissions.administrator,
        request=request.as_row(),
        requested_at=timezone.now(),
    )
