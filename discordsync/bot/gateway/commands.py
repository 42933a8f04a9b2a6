"""The slash commands, and their registration with growing pauses after failures."""

from __future__ import annotations

import logging
import time
from typing import Any

import aiohttp
import discord
from discord import app_commands
from django.conf import settings

from cohorts import clock
from cohorts.outbox.holds import why_held
from discordsync.bot.gateway import heartbeats
from discordsync.bot.gateway.threads import in_thread
from discordsync.bot.replies.administrators import find_choices
from discordsync.bot.replies.requests import BotRequest

logger = logging.getLogger(__name__)

LONGEST_PAUSE = 3600.0  # seconds
REFUSED = "commands_refused"


class BotClient(discord.Client):
    """The part of the bot that its commands and buttons use."""

    name: str
    tree: app_commands.CommandTree[BotClient]
    caught_up: str | None = None  # the last session that caught up

    async def answer(self, interaction: Interaction, request: BotRequest) -> None:
        raise NotImplementedError


Interaction = discord.Interaction[BotClient]


@app_commands.command(name="my-meetings", description="Show your next meetings and visits.")
async def my_meetings(interaction: Interaction) -> None:
    await interaction.client.answer(interaction, BotRequest("meetings"))


@app_commands.command(
    name="cant-attend", description="Say that you can't attend, and find another meeting."
)
async def cannot_attend(interaction: Interaction) -> None:
    await interaction.client.answer(interaction, BotRequest("away"))


@app_commands.command(
    name="realize-cohort",
    description="Create a cohort's channels, roles, events and invitations. Shows a preview first.",
)
@app_commands.describe(cohort="Start typing its name")
@app_commands.default_permissions(administrator=True)
async def realize_cohort(interaction: Interaction, cohort: str) -> None:
    await interaction.client.answer(interaction, BotRequest("realize", (cohort,)))


@realize_cohort.autocomplete("cohort")
async def complete_cohort(interaction: Interaction, current: str) -> list[app_commands.Choice[str]]:
    # Hiding a command is only a setting of the server: check here that names go to administrators.
    if not interaction.permissions.administrator:
        return []
    found = await in_thread(find_choices, current)
    return [app_commands.Choice(name=name, value=value) for name, value in found]


COMMANDS: tuple[app_commands.Command[Any, ..., Any], ...] = (
    my_meetings,
    cannot_attend,
    realize_cohort,
)


def make_tree(client: BotClient) -> app_commands.CommandTree[BotClient]:
    """Return the tree of our commands.  They are registered for our guild only."""
    tree = app_commands.CommandTree(client)
    for command in COMMANDS:
        tree.add_command(command, guild=_guild())
    return tree


async def register(tree: app_commands.CommandTree[BotClient]) -> bool:
    """Make Discord's list of commands equal to ours.  Returns whether it had to be changed."""
    known = await tree.client.http.get_guild_commands(
        tree.client.application_id or 0, settings.DISCORD_GUILD_ID or 0
    )
    wanted = [command.to_dict(tree) for command in tree.get_commands(guild=_guild())]
    if sorted(map(_shape, known)) == sorted(map(_shape, wanted)):
        return False
    await tree.sync(guild=_guild())
    logger.info("The bot's commands were registered with Discord.")
    return True


def _guild() -> discord.Object:
    return discord.Object(settings.DISCORD_GUILD_ID or 0)


def _shape(command: Any) -> tuple[str, ...]:
    """Return the parts of a command that we define; Discord adds ids, versions and defaults."""
    permissions = command.get("default_member_permissions")
    options = [
        (o["name"], int(o["type"]), o["description"], o.get("required"), o.get("autocomplete"))
        for o in command.get("options") or ()
    ]
    return (
        command["name"],
        str(int(command.get("type", 1))),
        command.get("description", ""),
        "" if permissions is None else str(permissions),
        repr([tuple(str(part or False) for part in option) for option in options]),
    )


class Registrar:
    """Registers the commands once in each gateway session."""

    def __init__(self, bot: BotClient) -> None:
        self._bot = bot
        self._registered: str | None = None  # the last session that registered them
        self._failures = 0
        self._next_at = float("-inf")
        self._issue = ""
        self._held = ""

    async def register_when_due(self) -> None:
        """Register unless it was done, the bot is still catching up, a pause is not over, or staff
        have not confirmed yet that this server belongs to this installation."""
        session = self._bot.caught_up
        if session is None or session == self._registered or time.monotonic() < self._next_at:
            return
        # In a thread, as a sandbox's clock is in the database.
        if held := await in_thread(lambda: why_held(clock.now())):
            self._record_hold(held)
            return
        try:
            await register(self._bot.tree)
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
            if not self._issue:
                logger.error("Discord does not accept the bot's commands: %s", error)
            await self._record_issue(REFUSED)
        else:
            logger.warning(
                "The commands could not be registered (%s); the bot tries again",
                type(error).__name__,
            )

    async def _record_issue(self, issue: str) -> None:
        if issue != self._issue:
            await in_thread(heartbeats.record_commands_issue, self._bot.name, issue)
            self._issue = issue
