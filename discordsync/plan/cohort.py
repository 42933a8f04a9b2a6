"""Plan what a cohort's groups share: its categories and its own channel.  Pure; see plan.py."""

from __future__ import annotations

from collections.abc import Iterator

from cohorts.reconcile.values import Action, Issue
from discordsync.plan import calls
from discordsync.plan.actions import Item, Owner, create, keys_to_create
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.repairs import rename, restore_category, restore_overwrites
from discordsync.state import keys, permissions
from discordsync.state.desired import DesiredGroup
from discordsync.state.observed import CATEGORY, TEXT


def plan_cohort(diff: Diff, cohort_id: int) -> Iterator[Item]:
    """Plan the categories that groups need, and the cohort channel in the first one."""
    owner = Owner(cohort_id, None, _find_reporter(diff, cohort_id))
    needed = {group.category for group in diff.groups_to_create(cohort_id)}
    if needed:
        needed.add(keys.category(cohort_id, 1))  # it contains the cohort channel
    known = {key for key in diff.desired.records if key.startswith(f"category:{cohort_id}:")}
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
            yield from rename(diff, owner, key, name)
        case status:
            yield from _report(diff, owner, status, key, "category")


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
            yield from restore_category(diff, owner, key, category)
            yield from rename(diff, owner, key, diff.desired.cohorts[cohort_id].channel_name)
        case status:
            yield from _report(diff, owner, status, key, "cohort channel")


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
    return create(owner, call, "channels", target, needs=keys_to_create(category), step=1)


def _report(diff: Diff, owner: Owner, status: ObjectStatus, key: str, what: str) -> Iterator[Issue]:
    """Report a missing or hidden object to every due group of the cohort."""
    if code := status.issue:
        for group in diff.due_groups():
            if group.cohort_id == owner.cohort_id and group.live:
                yield Issue(group.id, code, f"the {what} (Discord ID {diff.id_of(key)})")


def _find_reporter(diff: Diff, cohort_id: int) -> DesiredGroup | None:
    """Return the cohort's first live group if it is due.  It alone reports minor issues."""
    groups = diff.desired.groups.values()
    live = [group for group in groups if group.cohort_id == cohort_id and group.live]
    first = min(live, key=lambda group: group.id, default=None)
    return first if first and first.id in diff.policy.groups else None
