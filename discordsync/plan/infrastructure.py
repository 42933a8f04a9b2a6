"""Plan what to create, repair or report of a group's role and channels.  Pure; see plan.py."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.plan import calls
from discordsync.plan.actions import Item, Owner, create, edit, if_asked, keys_to_create, rank
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.repairs import bring_home, put_back, rename, take_off
from discordsync.state import keys, permissions
from discordsync.state.desired import DesiredGroup
from discordsync.state.observed import ROLE, TEXT, VOICE, ObservedRole, Overwrite

CHANNELS = {"text_channel": "text channel", "voice_channel": "voice channel"}


def plan_infrastructure(look: Diff, group: DesiredGroup) -> Iterator[Item]:
    """Plan one group.  An ended group is kept hidden; one without members gets nothing new."""
    for key in look.doors(group):
        yield from take_off(look, group, key)
    if not group.live:
        yield from _keep_shut(look, group)
        return
    if not group.has_members:
        yield Issue(group.id, "no_members")
    yield from _role(look, group)
    for kind, what in CHANNELS.items():
        yield from _channel(look, group, kind, what)
    yield from _cohort_door(look, group)


def _role(look: Diff, group: DesiredGroup) -> Iterator[Item]:
    key = keys.role(group.id)
    match look.standing(key):
        case ObjectStatus.UNMADE:
            if group.has_members:
                yield if_asked(look, group, _create_role(look, group, key))
        case ObjectStatus.STANDS:
            role = look.role(key)
            assert role is not None
            repairs = _repair_role(look, group, key, role)
            yield from (_if_managed(look, role, repair) for repair in repairs)
        case standing:
            yield from _report(look, group, standing, key, "role")


def _create_role(look: Diff, group: DesiredGroup, key: str) -> Action:
    same = [r.id for r in look.observed.roles.values() if r.name == group.role_name]
    call = calls.create_role(look.observed.guild_id, key, group.role_name, same)
    action = create(Owner.of(group), call, "roles", f"role “{group.role_name}”")
    return replace(action, behind=_turn(look, group))


def _turn(look: Diff, group: DesiredGroup) -> frozenset[str]:
    """Return the actions to try before the group is started.

    If it is unknown how many channels are hidden from the bot, the guild may turn out to be full.
    Groups are then created one after the other.
    """
    if look.desired.hidden.is_known:
        return frozenset()
    creators = look.creators(group.cohort_id)
    earlier = [other for other in creators if other.position < group.position]
    if not earlier:
        return keys_to_create(group.category, keys.cohort_channel(group.cohort_id))
    last = max(earlier, key=lambda other: other.position)
    channels = keys.text_channel(last.id), keys.voice_channel(last.id)
    return keys_to_create(group.category, *channels)


def _repair_role(look: Diff, group: DesiredGroup, key: str, role: ObservedRole) -> Iterator[Item]:
    if role.permissions:
        call, why = (
            calls.bare_role(look.observed.guild_id, role.id, key),
            "permissions were added to it",
        )
        yield edit(Owner.of(group), call, "roles", f"role “{role.name}”", why)
    yield from rename(look, Owner.of(group), key, group.role_name)


def _if_managed(look: Diff, role: ObservedRole, repair: Item) -> Item:
    if isinstance(repair, Action) and not look.manages(role):
        return Withheld(repair, "role_too_low")
    return repair


def _channel(look: Diff, group: DesiredGroup, kind: str, what: str) -> Iterator[Item]:
    key, owner = f"{kind}:{group.id}", Owner.of(group)
    match look.standing(key):
        case ObjectStatus.UNMADE:
            # Show what no one has requested; create what is requested only if its parents are sure.
            if group.has_members and (not look.may_create(group.id) or look.has_place(key, group)):
                yield if_asked(look, group, _create_channel(look, group, key, what))
        case ObjectStatus.STANDS:
            yield from put_back(look, owner, key, look.group_overwrites(group, kind))
            yield from bring_home(look, owner, key, group.category)
            name = group.text_name if kind == "text_channel" else group.voice_name
            yield from rename(look, owner, key, name)
        case standing:
            yield from _report(look, group, standing, key, what)


def _create_channel(look: Diff, group: DesiredGroup, key: str, what: str) -> Action:
    kind = keys.kind_of(key)
    text = kind == "text_channel"
    name = group.text_name if text else group.voice_name
    call = calls.create_channel(
        look.observed.guild_id,
        key,
        TEXT if text else VOICE,
        name,
        look.group_overwrites(group, kind),
        parent_id=look.id_of(group.category),
        topic=f"{group.name}. {keys.make_mark(look.desired.installation, key)}" if text else "",
    )
    return create(
        Owner.of(group),
        call,
        "channels",
        f"{what} “{name}”",
        needs=keys_to_create(group.category, keys.role(group.id)),
        step=0 if text else 1,
    )


def _keep_shut(look: Diff, group: DesiredGroup) -> Iterator[Action]:
    for kind in CHANNELS:
        key = f"{kind}:{group.id}"
        if look.stands(key):
            yield from put_back(look, Owner.of(group), key, look.hidden_overwrites(kind))


def _cohort_door(look: Diff, group: DesiredGroup) -> Iterator[Action]:
    """Let the group's role see the cohort channel, by an overwrite of its own."""
    cohort_channel, role = keys.cohort_channel(group.cohort_id), keys.role(group.id)
    if not (look.is_coming(cohort_channel, group) and look.is_coming(role, group)):
        return
    channel = look.channel(cohort_channel)
    wanted = Overwrite(look.id_of(role) or 0, ROLE, permissions.MEMBER_TEXT, 0)
    held = channel.overwrites.get(wanted.target) if channel else None
    if permissions.is_met(held, wanted):
        return
    yield Action(
        key=f"open {cohort_channel} {role}",
        kind="channels",
        verb="open",
        target=f"the cohort's channel to “{group.name}”",
        why="every group of the cohort can see it",
        group_id=group.id,
        cohort_id=group.cohort_id,
        needs=keys_to_create(cohort_channel, role),
        rank=rank(group, 2),
        repeatable=True,
        payload=calls.put_overwrite(
            channel.id if channel else 0,
            permissions.restore(held, wanted, look.observed.bot_permissions),
        ),
    )


def _report(
    look: Diff, group: DesiredGroup, standing: ObjectStatus, key: str, what: str
) -> Iterator[Issue]:
    """Report a recorded object that is gone or hidden; it is never recreated silently."""
    if code := standing.trouble:
        yield Issue(group.id, code, f"the {what} (Discord ID {look.id_of(key)})")
