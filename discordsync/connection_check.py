"""The connection check of Discord: the bot's permissions, its role's position, the members."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings

from cohorts.reconcile.errors import CallFailed, Refused
from cohorts.reconcile.issues import describe_failure
from cohorts.reconcile.values import Check, Policy
from discordsync.desired import DesiredGuild, desired_state
from discordsync.issues import ISSUES
from discordsync.observe.observe import observe
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import ObservedGuild, ObservedRole

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

NAMED = 5  # roles that are named in one line
REACH = "docs/operations.md, “Deploying”"
STEPS = {"bad_token": 2, "no_member_list": 3, "wrong_guild": 6, "two_factor": 8}


def settings_shown() -> Mapping[str, str]:
    return {
        "DISCORD_BOT_TOKEN": "set" if settings.DISCORD_BOT_TOKEN else "not set",
        "DISCORD_GUILD_ID": str(settings.DISCORD_GUILD_ID),
        "DISCORD_API_BASE": settings.DISCORD_API_BASE,
        "DISCORD_INVITE_URL": settings.DISCORD_INVITE_URL or "not set",
    }


def check(desired: DesiredGuild, observed: ObservedGuild) -> tuple[Check, ...]:
    """Return the lines of the connection check.  Pure."""
    return (
        _permissions(observed),
        _optional(observed),
        _adding(observed),
        _added_by_hand(desired, observed),
        _place(desired, observed),
        _members(observed),
    )


def _permissions(observed: ObservedGuild) -> Check:
    lacking = permissions.lacking(observed.bot_permissions)
    detail = f"The bot's role lacks: {', '.join(lacking)}." if lacking else "None are missing."
    return Check("The bot's permissions", not lacking, detail, name_step(4) if lacking else "")


def _optional(observed: ObservedGuild) -> Check:
    lacking = permissions.lacking_optional(observed.bot_permissions)
    if not lacking:
        return Check("Optional permissions", ok=True, detail="None are missing.")
    names = ", ".join(lacking)
    detail = (
        f"The bot's role lacks: {names}. What the bot does not have, it can neither give to "
        "facilitators nor deny in the archives of ended groups; everything else works. Add them "
        "to the bot's role in Discord."
    )
    return Check("Optional permissions", ok=False, detail=detail, step=name_step(4))


def _adding(observed: ObservedGuild) -> Check:
    """Check the permission behind the button “Join the server”."""
    if permissions.may_add_members(observed.bot_permissions):
        return Check("Joining the server", ok=True, detail="People can join with one button.")
    detail = (
        "The bot's role lacks Create Invite (optional), so people get the invitation link instead "
        "of the button “Join the server”."
    )
    return Check("Joining the server", ok=False, detail=detail, step=name_step(4))


def _added_by_hand(desired: DesiredGuild, observed: ObservedGuild) -> Check:
    """List permissions that staff added to overwrites that we manage.  They are left unchanged."""
    diff = Diff(desired, observed, Policy(frozenset()))
    found = [
        f"{diff.target_name(wanted.target)} in “{channel.name}”"
        for group in desired.groups.values()
        for key in keys.channels_of(group.id)
        if (channel := diff.channel(key)) is not None
        for wanted in diff.owned_overwrites(group, key)
        if (held := channel.overwrites.get(wanted.target))
        and any(permissions.added_bits(held, wanted))
    ]
    detail = f"Left unchanged: {'; '.join(found)}." if found else "None."
    return Check("Permissions added by hand", ok=True, detail=detail)


def _place(desired: DesiredGuild, observed: ObservedGuild) -> Check:
    """Check that the groups' roles are below the bot's, since it can grant only those."""
    above = [role for role in _our_roles(desired, observed) if role.rank >= observed.bot_rank]
    if not above:
        return Check("The bot's role", ok=True, detail="It is above the groups' roles.")
    names = ", ".join(f"“{role.name}”" for role in above[:NAMED])
    detail = (
        f"{len(above)} of the groups' roles are above it, including {names}. In Discord, Server "
        "Settings, Roles: drag the bot's role to the top."
    )
    return Check("The bot's role", ok=False, detail=detail, step=name_step(5))


def _our_roles(desired: DesiredGuild, observed: ObservedGuild) -> list[ObservedRole]:
    ids = [record.outside_id or 0 for record in desired.records.values()]
    return [observed.roles[pk] for pk in ids if pk in observed.roles]


def _members(observed: ObservedGuild) -> Check:
    """Check the member list.  Without the members intent, the observation would have failed."""
    count = len(observed.members)
    if observed.incomplete:
        detail = f"Discord listed only {count} of them. No one loses access because of this."
        return Check("Members of the server", ok=False, detail=detail)
    return Check("Members of the server", ok=True, detail=f"Discord lists all {count} members.")


def name_step(number: int) -> str:
    return f"docs/operations.md, “Discord”, step {number}"


async def check_service() -> tuple[Check, ...]:
    """Check token, server, members intent, permissions and commands, as if Lens had no group."""
    if not settings.DISCORD_BOT_TOKEN:
        return (Check("Bot", False, "DISCORD_BOT_TOKEN is not set.", name_step(2)),)
    from discordsync.rest.client import connect

    nothing = DiscordSnapshot(settings.INSTALLATION_ID, adopt=False, horizon=timedelta(0))
    try:
        async with connect(lambda: None) as client:  # reading needs no lease
            finding = await observe(client, nothing)
            commands = await _commands(client)
    except CallFailed as error:
        step = name_step(STEPS[error.code]) if error.code in STEPS else REACH
        return (Check("Bot", False, describe_failure(error, ISSUES), step),)
    now = datetime.now(UTC)  # a sandbox's clock is in the database, which may not be there yet
    lines = check(desired_state(nothing, now), finding.observed)
    return (
        Check("Bot", True, "It signs in, and sees the server."),
        *lines,
        commands,
        _invitation(),
    )


async def _commands(client: DiscordClient) -> Check:
    """Check that Discord lets the bot offer its commands."""
    try:
        path = f"/applications/{client.bot_id}/guilds/{client.guild_id}/commands"
        await client.request("GET", path)
    except Refused:
        text = ISSUES["commands_refused"]
        return Check("Commands", False, f"{text.sentence} {text.fix}", name_step(4))
    return Check("Commands", True, "The bot may offer its commands.")


def _invitation() -> Check:
    if settings.DISCORD_INVITE_URL:
        return Check("Invitation", True, "People who are not in the server see a link.")
    return Check("Invitation", False, "DISCORD_INVITE_URL is not set.", name_step(7))
