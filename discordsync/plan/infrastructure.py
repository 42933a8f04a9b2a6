"""Plan what to create, repair or report: roles, channels and categories.  Pure; see plan.py."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace

from cohorts.reconcile.values import Action, Issue, IssueCode, Withheld
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.calls import Item, Owner, create, edit, if_requested, rank
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.repairs import (
    remove_stray_overwrites,
    rename,
    restore_category,
    restore_overwrites,
    take_back,
)
from discordsync.state import keys, permissions
from discordsync.state.observed import CATEGORY, ROLE, TEXT, VOICE, ObservedRole, Overwrite

CHANNELS = {"text_channel": "text channel", "voice_channel": "voice channel"}


def plan_infrastructure(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    """Plan one group.  An ended group can only be read; one without members gets nothing new."""
    for key in diff.guarded_channels(group):
        yield from remove_stray_overwrites(diff, group, key)
    if not group.live:
        yield from _keep_read_only(diff, group)
        return
    if not group.has_members:
        yield Issue(group.id, IssueCode.NO_MEMBERS)
    yield from _role(diff, group)
    for kind, what in CHANNELS.items():
        yield from _channel(diff, group, kind, what)
    yield from _open_cohort_channel(diff, group)


def _role(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    key = keys.role(group.id)
    match diff.status(key):
        case ObjectStatus.NOT_CREATED:
            if group.has_members:
                yield if_requested(diff, group, _create_role(diff, group, key))
        case ObjectStatus.EXISTS:
            role = diff.role(key)
            assert role is not None
            repairs = _repair_role(diff, group, key, role)
            yield from (_if_managed(diff, role, repair) for repair in repairs)
        case status:
            yield from _report(diff, group, status, key, "role")


def _create_role(diff: Diff, group: DesiredGroup, key: str) -> Action:
    same = [r.id for r in diff.observed.roles.values() if r.name == group.role_name]
    call = calls.create_role(diff.observed.guild_id, key, group.role_name, same)
    action = create(Owner.of(group), call, "roles", f"role “{group.role_name}”")
    return replace(action, behind=_find_predecessors(diff, group))


def _find_predecessors(diff: Diff, group: DesiredGroup) -> frozenset[str]:
    """Return the actions to try before the group is started.

    If it is unknown how many channels are hidden from the bot, the guild may turn out to be full.
    Groups are then created one after the other.
    """
    if diff.desired.hidden.is_known:
        return frozenset()
    groups_to_create = diff.groups_to_create(group.cohort_id)
    place = bisect_left(groups_to_create, group.position, key=lambda other: other.position)
    if not place:
        return keys.all_to_create(group.category, keys.cohort_channel(group.cohort_id))
    last = groups_to_create[place - 1]
    channels = keys.text_channel(last.id), keys.voice_channel(last.id)
    return keys.all_to_create(group.category, *channels)


def _repair_role(diff: Diff, group: DesiredGroup, key: str, role: ObservedRole) -> Iterator[Item]:
    if role.permissions:
        call, why = (
            calls.bare_role(diff.observed.guild_id, role.id, key),
            "permissions were added to it",
        )
        yield edit(Owner.of(group), call, "roles", f"role “{role.name}”", why)
    yield from rename(diff, Owner.of(group), key, group.role_name)


def _if_managed(diff: Diff, role: ObservedRole, repair: Item) -> Item:
    if isinstance(repair, Action) and not diff.can_manage(role):
        return Withheld(repair, "role_too_low")
    return repair


def _channel(diff: Diff, group: DesiredGroup, kind: str, what: str) -> Iterator[Item]:
    key, owner = f"{kind}:{group.id}", Owner.of(group)
    match diff.status(key):
        case ObjectStatus.NOT_CREATED:
            # Show what no one has requested; create what is requested only if its parents are sure.
            if group.has_members and (
                not diff.may_create(group.id) or diff.has_parents(key, group)
            ):
                yield if_requested(diff, group, _create_channel(diff, group, key, what))
        case ObjectStatus.EXISTS:
            yield from restore_overwrites(diff, owner, key, diff.group_overwrites(group, kind))
            yield from take_back(diff, owner, key)
            yield from restore_category(diff, owner, key, group.category)
            name = group.text_name if kind == "text_channel" else group.voice_name
            yield from rename(diff, owner, key, name)
        case status:
            yield from _report(diff, group, status, key, what)


def _create_channel(diff: Diff, group: DesiredGroup, key: str, what: str) -> Action:
    kind = keys.kind_of(key)
    text = kind == "text_channel"
    name = group.text_name if text else group.voice_name
    call = calls.create_channel(
        diff.observed.guild_id,
        key,
        TEXT if text else VOICE,
        name,
        diff.group_overwrites(group, kind),
        parent_id=diff.id_of(group.category),
        topic=f"{group.name}. {keys.make_mark(diff.desired.installation, key)}",
    )
    return create(
        Owner.of(group),
        call,
        "channels",
        f"{what} “{name}”",
        needs=keys.all_to_create(group.category, keys.role(group.id)),
        step=0 if text else 1,
    )


def _keep_read_only(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    """Deny an ended group's role everything except reading, and report what the bot may not deny.

    Facilitators' overwrites are removed before (`remove_stray_overwrites` has the lower rank).
    """
    owner, cohort_channel = Owner.of(group), keys.cohort_channel(group.cohort_id)
    for key in (f"{kind}:{group.id}" for kind in CHANNELS):
        if diff.exists(key):
            yield from restore_overwrites(diff, owner, key, diff.owned_overwrites(group, key))
    if diff.exists(cohort_channel):
        wanted = diff.reader_overwrites(group, cohort_channel)
        yield from restore_overwrites(diff, owner, cohort_channel, wanted)
    if not group.is_archive:
        return
    role = diff.role(keys.role(group.id))
    if role is not None:
        repairs = _repair_role(diff, group, keys.role(group.id), role)
        yield from (_if_managed(diff, role, repair) for repair in repairs)
        if lacking := permissions.lacking_for_archives(diff.observed.bot_permissions):
            yield Issue(group.id, "archive_open", f"missing: {', '.join(lacking)}")


def _open_cohort_channel(diff: Diff, group: DesiredGroup) -> Iterator[Action]:
    """Let the group's role see the cohort channel, by an overwrite of its own."""
    cohort_channel, role = keys.cohort_channel(group.cohort_id), keys.role(group.id)
    if not (diff.will_exist(cohort_channel, group) and diff.will_exist(role, group)):
        return
    channel = diff.channel(cohort_channel)
    wanted = Overwrite(diff.id_of(role) or 0, ROLE, permissions.MEMBER_TEXT, 0)
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
        needs=keys.all_to_create(cohort_channel, role),
        rank=rank(group, 2),
        repeatable=True,
        payload=calls.put_overwrite(
            channel.id if channel else 0,
            permissions.restore(held, wanted, diff.observed.bot_permissions),
        ),
    )


def _report(
    diff: Diff, group: DesiredGroup, status: ObjectStatus, key: str, what: str
) -> Iterator[Issue]:
    """Report a recorded object that is gone or hidden; it is never recreated silently."""
    if code := status.issue:
        yield Issue(group.id, code, f"the {what} (Discord ID {diff.id_of(key)})")


# -- what a cohort's groups share ------------------------------------------------------------


def plan_cohort(diff: Diff, cohort_id: int) -> Iterator[Item]:
    """Plan the categories that groups need, and the cohort channel in the first one."""
    owner = Owner(cohort_id, None, _find_reporter(diff, cohort_id))
    needed = {group.category for group in diff.groups_to_create(cohort_id)}
    if needed:
        needed.add(keys.category(cohort_id, 1))  # it contains the cohort channel
    known = keys.categories_among(diff.desired.records, cohort_id)
    for key in sorted(needed | known):
        yield from _category(diff, owner, key, wanted=key in needed)
    yield from _cohort_channel(diff, owner)


def _category(diff: Diff, owner: Owner, key: str, *, wanted: bool) -> Iterator[Item]:
    name = diff.desired.cohorts[owner.cohort_id].category_name(keys.ordinal_of(key))
    hidden = diff.hidden_from_everyone(permissions.BOT_CATEGORY)
    match diff.status(key):
        case ObjectStatus.NOT_CREATED if wanted:
            same = [c.id for c in diff.observed.channels.values() if c.name == name]
            call = calls.create_channel(
                diff.observed.guild_id, key, CATEGORY, name, hidden, names=same
            )
            yield create(owner, call, "channels", f"category “{name}”")
        case ObjectStatus.EXISTS:
            yield from restore_overwrites(diff, owner, key, hidden)
            yield from take_back(diff, owner, key)
            yield from rename(diff, owner, key, name)
        case status:
            yield from _report_to_cohort(diff, owner, status, key, "category")


def _cohort_channel(diff: Diff, owner: Owner) -> Iterator[Item]:
    cohort_id = owner.cohort_id
    key, category = keys.cohort_channel(cohort_id), keys.category(cohort_id, 1)
    match diff.status(key):
        case ObjectStatus.NOT_CREATED:
            if any(diff.has_parents(key, group) for group in diff.groups_to_create(cohort_id)):
                yield _create_cohort_channel(diff, owner, key, category)
        case ObjectStatus.EXISTS:
            yield from restore_overwrites(
                diff, owner, key, diff.hidden_from_everyone(permissions.BOT_TEXT)
            )
            yield from take_back(diff, owner, key)
            yield from restore_category(diff, owner, key, category)
            yield from rename(diff, owner, key, diff.desired.cohorts[cohort_id].channel_name)
        case status:
            yield from _report_to_cohort(diff, owner, status, key, "cohort channel")


def _create_cohort_channel(diff: Diff, owner: Owner, key: str, category: str) -> Action:
    cohort = diff.desired.cohorts[owner.cohort_id]
    call = calls.create_channel(
        diff.observed.guild_id,
        key,
        TEXT,
        cohort.channel_name,
        diff.hidden_from_everyone(permissions.BOT_TEXT),
        parent_id=diff.id_of(category),
        topic=f"For everyone in {cohort.name}. {keys.make_mark(diff.desired.installation, key)}",
    )
    target = f"channel “{cohort.channel_name}” of the cohort"
    return create(owner, call, "channels", target, needs=keys.all_to_create(category), step=1)


def _report_to_cohort(
    diff: Diff, owner: Owner, status: ObjectStatus, key: str, what: str
) -> Iterator[Issue]:
    """Report a missing or hidden object to every due group of the cohort."""
    if code := status.issue:
        for group in diff.due_groups:
            if group.cohort_id == owner.cohort_id and group.live:
                yield Issue(group.id, code, f"the {what} (Discord ID {diff.id_of(key)})")


def _find_reporter(diff: Diff, cohort_id: int) -> DesiredGroup | None:
    """Return the cohort's first live group if it is due.  It alone reports minor issues."""
    first = diff.first_live(cohort_id)
    return first if first and first.id in diff.policy.groups else None
