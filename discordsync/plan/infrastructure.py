"""Plan what to create, repair or report: roles, channels and categories.  Pure; see plan.py."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import replace

from cohorts.reconcile.values import Action, Issue, IssueCode, Withheld
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.calls import Item, Owner, create, edit, if_requested, rank
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.repairs import (
    remove_roles_overwrites,
    remove_stray_overwrites,
    rename,
    restore_category,
    restore_overwrites,
    take_back,
)
from discordsync.state import keys, permissions
from discordsync.state.observed import CATEGORY, ROLE, TEXT, VOICE, Overwrite


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
    for key in keys.channels_of(group.id):
        yield from _channel(diff, group, key)
    yield from _open_cohort_channel(diff, group)


def _role(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    key = keys.role(group.id)
    match diff.status(key):
        case ObjectStatus.NOT_CREATED:
            if group.has_members:
                yield if_requested(diff, group, _create_role(diff, group, key))
        case ObjectStatus.EXISTS:
            yield from _repair_role(diff, group, key)
        case status:
            yield from _report(diff, [group], status, key)


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
    return keys.all_to_create(group.category, *keys.channels_of(last.id))


def _repair_role(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Item]:
    role = diff.role(key)
    assert role is not None
    owner = Owner.of(group)
    repairs: list[Item] = []
    if role.permissions:
        call = calls.edit_role(diff.observed.guild_id, role.id, key, permissions="0")
        target, why = f"role “{role.name}”", "permissions were added to it"
        repairs.append(edit(owner, call, "roles", target, why))
    repairs += rename(diff, owner, key, group.role_name)
    for repair in repairs:
        if isinstance(repair, Action) and not diff.can_manage(role):
            yield Withheld(repair, "role_too_low")
        else:
            yield repair


def _channel(diff: Diff, group: DesiredGroup, key: str) -> Iterator[Item]:
    match diff.status(key):
        case ObjectStatus.NOT_CREATED:
            # Show what no one has requested; create what is requested only if its parents are sure.
            if group.has_members and (
                not diff.may_create(group.id) or diff.has_parents(key, group)
            ):
                yield if_requested(diff, group, _create_channel(diff, group, key))
        case ObjectStatus.EXISTS:
            owner, wanted = Owner.of(group), diff.group_overwrites(group, keys.kind_of(key))
            yield from restore_overwrites(diff, owner, key, wanted)
            yield from take_back(diff, owner, key)
            yield from restore_category(diff, owner, key, group.category)
            yield from rename(diff, owner, key, diff.desired.names[key])
        case status:
            yield from _report(diff, [group], status, key)


def _create_channel(diff: Diff, group: DesiredGroup, key: str) -> Action:
    kind, name = keys.kind_of(key), diff.desired.names[key]
    is_text = kind == "text_channel"
    call = calls.create_channel(
        diff.observed.guild_id,
        key,
        TEXT if is_text else VOICE,
        name,
        diff.group_overwrites(group, kind),
        parent_id=diff.id_of(group.category),
        topic=f"{group.name}. {keys.make_mark(diff.desired.installation, key)}",
    )
    return create(
        Owner.of(group),
        call,
        "channels",
        f"{keys.title_of(key)} “{name}”",
        needs=keys.all_to_create(group.category, keys.role(group.id)),
        step=0 if is_text else 1,
    )


def _keep_read_only(diff: Diff, group: DesiredGroup) -> Iterator[Item]:
    """Deny an ended group's role everything except reading, and report what the bot may not deny.

    Facilitators' overwrites are removed before (`remove_stray_overwrites` has the lower rank).
    """
    owner, cohort_channel = Owner.of(group), keys.cohort_channel(group.cohort_id)
    for key in keys.channels_of(group.id):
        if diff.exists(key):
            yield from restore_overwrites(diff, owner, key, diff.owned_overwrites(group, key))
    if diff.exists(cohort_channel):
        wanted = diff.reader_overwrites(group, cohort_channel)
        yield from restore_overwrites(diff, owner, cohort_channel, wanted)
    yield from remove_roles_overwrites(diff, group)
    role = keys.role(group.id)
    if group.is_archive and diff.exists(role):
        yield from _repair_role(diff, group, role)
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
    diff: Diff, groups: Iterable[DesiredGroup], status: ObjectStatus, key: str
) -> Iterator[Issue]:
    """Report a recorded object that is gone or hidden; it is never recreated silently."""
    if code := status.issue:
        detail = f"the {keys.title_of(key)} (Discord ID {diff.id_of(key)})"
        yield from (Issue(group.id, code, detail) for group in groups)


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
            yield from _report(diff, _due_groups(diff, owner), status, key)


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
            yield from _report(diff, _due_groups(diff, owner), status, key)


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


def _due_groups(diff: Diff, owner: Owner) -> list[DesiredGroup]:
    """Return the due groups that share what a cohort owns."""
    return [one for one in diff.due_groups if one.cohort_id == owner.cohort_id and one.live]


def _find_reporter(diff: Diff, cohort_id: int) -> DesiredGroup | None:
    """Return the cohort's first live group if it is due.  It alone reports minor issues."""
    first = diff.first_live(cohort_id)
    return first if first and first.id in diff.policy.groups else None
