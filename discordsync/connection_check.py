"""The connection check of Discord: the bot's permissions, its role's position, the members."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from cohorts.reconcile.values import Check, Policy
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.desired_state import DesiredGuild
from discordsync.state.observed import ObservedGuild, ObservedRole

NAMED = 5  # roles that are named in one line


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
    return Check("The bot's permissions", not lacking, detail)


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
    return Check("Optional permissions", ok=False, detail=detail)


def _adding(observed: ObservedGuild) -> Check:
    """Check the permission behind the button “Join the server”."""
    if permissions.may_add_members(observed.bot_permissions):
        return Check("Joining the server", ok=True, detail="People can join with one button.")
    detail = (
        "The bot's role lacks Create Invite (optional), so people get the invitation link instead "
        "of the button “Join the server”."
    )
    return Check("Joining the server", ok=False, detail=detail)


def _added_by_hand(desired: DesiredGuild, observed: ObservedGuild) -> Check:
    """List permissions that staff added to overwrites that we manage.  They are left unchanged."""
    diff = Diff(desired, observed, Policy(frozenset()))
    found = [
        f"{diff.target_name(wanted.target)} in “{channel.name}”"
        for group in desired.groups.values()
        for key in (keys.text_channel(group.id), keys.voice_channel(group.id))
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
    return Check("The bot's role", ok=False, detail=detail)


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
