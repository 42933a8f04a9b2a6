"""A guild on paper: what should be there, what is there, and both side by side."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from cohorts.reconcile.values import Policy
from discordsync.desired import DesiredCohort, DesiredGroup, DesiredGuild
from discordsync.plan.diff import Diff
from discordsync.state import keys, permissions
from discordsync.state.facts import Approval, DiscordPerson, Record
from discordsync.state.observed import (
    CATEGORY,
    ROLE,
    TEXT,
    VOICE,
    ObservedChannel,
    ObservedGuild,
    ObservedRole,
    Overwrite,
)

NOW = datetime(2027, 1, 11, 12, tzinfo=UTC)
GUILD, BOT, BOT_ROLE = 1, 2, 3
ANNE, BEN, CARL, DORA = 101, 102, 103, 104
NAMES = {ANNE: "Anne", BEN: "Ben", CARL: "Carl", DORA: "Dora"}
TYPES = {"text_channel": TEXT, "voice_channel": VOICE, "cohort_channel": TEXT, "category": CATEGORY}
FIRST_IDS = {"role": 1000, "text_channel": 2000, "voice_channel": 3000, "cohort_channel": 4000}


def id_for(key: str) -> int:
    """Return the Discord id that an object has on paper."""
    if keys.kind_of(key) == "category":
        return 5000 + 10 * keys.number_of(key) + keys.ordinal_of(key)
    return FIRST_IDS[keys.kind_of(key)] + keys.number_of(key)


def group(pk: int = 7, people: Collection[int] = (), **facts: Any) -> DesiredGroup:
    """Return a live group of cohort 5."""
    made = DesiredGroup(
        id=pk,
        cohort_id=5,
        name=f"Group {pk}",
        position=pk,
        live=True,
        active=True,
        has_slot=True,
        has_members=True,
        has_meetings=True,
        category="category:5:1",
        role_name=f"Group {pk} (Winter)",
        text_name=f"group-{pk}",
        voice_name=f"Group {pk} voice",
        people={one: DiscordPerson(one, NAMES[one], one) for one in people},
    )
    return replace(made, **facts)


def ended(pk: int = 7, **facts: Any) -> DesiredGroup:
    """Return a group that has ended and whose archive is over."""
    return group(pk, **{"live": False, "active": False, "removable": True, **facts})


def of_cohort(cohort_id: int, group: DesiredGroup) -> DesiredGroup:
    return replace(group, cohort_id=cohort_id, category=keys.category(cohort_id, 1))


def want(*groups: DesiredGroup, **more: Any) -> DesiredGuild:
    """Return a desired state of which every object is recorded."""
    cohorts = {one.cohort_id for one in groups}
    wanted = DesiredGuild(
        installation="tests",
        now=NOW,
        horizon=NOW + timedelta(days=14),
        cohorts={pk: DesiredCohort(pk, f"Course {pk}", f"winter-{pk}") for pk in cohorts},
        groups={one.id: one for one in groups},
        known_people=NAMES,
    )
    names = wanted.names
    records = {key: Record(key, id_for(key), name, name) for key, name in names.items()}
    return replace(wanted, **{"records": records, **more})


def approve(*approved: str, last_message_id: int = 0) -> dict[str, Approval]:
    """Return approvals of the removal of these objects."""
    return {key: Approval(id_for(key), last_message_id=last_message_id) for key in approved}


def see(wanted: DesiredGuild, **more: Any) -> ObservedGuild:
    """Return a guild in which everything is as desired, and in which everybody is."""
    names = wanted.names
    groups = wanted.groups.values()
    held = {pk: {id_for(f"role:{one.id}") for one in groups if pk in one.people} for pk in NAMES}
    rights = permissions.ALL_NEEDED | permissions.ALL_OPTIONAL
    roles = [ObservedRole(GUILD, "@everyone", 0, 0), ObservedRole(BOT_ROLE, "Lens", rights, 50)]
    named = [(key, name) for key, name in names.items() if keys.kind_of(key) == "role"]
    roles += [ObservedRole(id_for(key), name, 0, 1) for key, name in named]
    observed = ObservedGuild(
        GUILD,
        BOT,
        roles={role.id: role for role in roles},
        channels={
            id_for(key): ObservedChannel(
                id_for(key), TYPES[keys.kind_of(key)], name, _parent_of(wanted, key), "", {}
            )
            for key, name in names.items()
            if keys.kind_of(key) in TYPES
        },
        members={BOT: frozenset({BOT_ROLE})} | {pk: frozenset(ids) for pk, ids in held.items()},
    )
    diff = compare(wanted, observed)
    for key in names:
        if keys.kind_of(key) in TYPES:
            overwrites = {one.target: one for one in _overwrites_of(diff, key)}
            observed = observed.with_overwrites(id_for(key), overwrites)
    return replace(observed, **more)


def _parent_of(wanted: DesiredGuild, key: str) -> int | None:
    match keys.kind_of(key):
        case "category":
            return None
        case "cohort_channel":
            return id_for(keys.category(keys.number_of(key), 1))
        case _:
            return id_for(wanted.groups[keys.number_of(key)].category)


def _overwrites_of(diff: Diff, key: str) -> list[Overwrite]:
    number, kind = keys.number_of(key), keys.kind_of(key)
    if kind == "category":
        return diff.hidden_from_everyone(permissions.BOT_CATEGORY)
    if kind == "cohort_channel":
        opened = [id_for(keys.role(one.id)) for one in diff.live_groups(number)]
        member = permissions.MEMBER_TEXT
        archives = [one for one in diff.desired.groups.values() if one.cohort_id == number]
        readers = [o for one in archives if not one.live for o in diff.reader_overwrites(one, key)]
        hidden = diff.hidden_from_everyone(permissions.BOT_TEXT)
        return [*hidden, *(Overwrite(role, ROLE, member, 0) for role in opened), *readers]
    return diff.owned_overwrites(diff.desired.groups[number], key)


def change(guild: ObservedGuild, key: str, **fields: Any) -> ObservedGuild:
    """Return the guild with other values of one role or channel."""
    if keys.kind_of(key) == "role":
        return guild.with_role(replace(guild.roles[id_for(key)], **fields))
    return guild.with_channel(replace(guild.channels[id_for(key)], **fields))


def lose(guild: ObservedGuild, key: str, **more: Any) -> ObservedGuild:
    """Return the guild without an object, of which nothing else is known."""
    return replace(
        guild,
        roles={pk: one for pk, one in guild.roles.items() if pk != id_for(key)},
        channels={pk: one for pk, one in guild.channels.items() if pk != id_for(key)},
        **more,
    )


def put(guild: ObservedGuild, key: str, *overwrites: Overwrite) -> ObservedGuild:
    """Return the guild with more overwrites, or others, on one channel."""
    held = guild.channels[id_for(key)].overwrites
    return guild.with_overwrites(id_for(key), {**held, **{o.target: o for o in overwrites}})


def compare(
    wanted: DesiredGuild,
    seen: ObservedGuild | None = None,
    *,
    due: Collection[int] | None = None,
    may_create: Collection[int] = (),
) -> Diff:
    """Return the comparison, in which all groups are due unless some are named."""
    groups = frozenset(wanted.groups if due is None else due)
    return Diff(wanted, seen or see(wanted), Policy(groups, frozenset(may_create)))
