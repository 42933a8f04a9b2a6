"""The slash commands and their registration."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import discord
from discord import app_commands
from django.conf import settings

from discordsync.bot.gateway.threads import in_thread
from discordsync.bot.replies.administrators import find_choices
from discordsync.bot.replies.requests import BotRequest

if TYPE_CHECKING:
    from discordsync.bot.gateway.client import Bot

logger = logging.getLogger(__name__)

Interaction = discord.Interaction["Bot"]


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


def make_tree(client: Bot) -> app_commands.CommandTree[Bot]:
    """Return the tree of our commands.  They are registered for our guild only."""
    tree = app_commands.CommandTree(client)
    for command in COMMANDS:
        tree.add_command(command, guild=_guild())
    return tree


async def register(tree: app_commands.CommandTree[Bot]) -> bool:
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
