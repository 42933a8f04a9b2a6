"""Plan what a cohort's groups share: its categories and its own channel.  Pure; see plan.py."""

from __future__ import annotations

from collections.abc import Iterator

from cohorts.reconcile.values import Action, Issue
from discordsync.plan import calls
from discordsync.plan.actions import Item, Owner, create, keys_to_create
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.repairs import bring_home, put_back, rename
from discordsync.state import keys, permissions
from discordsync.state.desired import DesiredGroup
from discordsync.state.observed import CATEGORY, TEXT


def plan_cohort(look: Diff, cohort_id: int) -> Iterator[Item]:
    """Plan the categories that groups need, and the cohort channel in the first one."""
    owner = Owner(cohort_id, None, _spokesman(look, cohort_id))
    needed = {group.category for group in look.creators(cohort_id)}
    if needed:
        needed.add(keys.category(cohort_id, 1))  # it contains the cohort channel
    known = {key for key in look.desired.records if key.startswith(f"category:{cohort_id}:")}
    for key in sorted(needed | known):
        yield from _category(look, owner, key, wanted=key in needed)
    yield from _cohort_channel(look, owner)


def _category(look: Diff, owner: Owner, key: str, *, wanted: bool) -> Iterator[Item]:
    name = look.desired.cohorts[owner.cohort_id].category_name(keys.ordinal_of(key))
    hidden = look.hidden_from_everyone(permissions.BOT_CATEGORY)
    match look.standing(key):
        case ObjectStatus.UNMADE if wanted:
            same = [c.id for c in look.observed.channels.values() if c.name == name]
            call = calls.create_channel(
                look.observed.guild_id, key, CATEGORY, name, hidden, names=same
            )
            yield create(owner, call, "channels", f"category “{name}”")
        case ObjectStatus.STANDS:
            yield from put_back(look, owner, key, hidden)
            yield from rename(look, owner, key, name)
        case standing:
            yield from _report(look, owner, standing, key, "category")


def _cohort_channel(look: Diff, owner: Owner) -> Iterator[Item]:
    cohort_id = owner.cohort_id
    key, category = keys.cohort_channel(cohort_id), keys.category(cohort_id, 1)
    match look.standing(key):
        case ObjectStatus.UNMADE:
            if any(look.has_place(key, group) for group in look.creators(cohort_id)):
                yield _create_cohort_channel(look, owner, key, category)
        case ObjectStatus.STANDS:
            yield from put_back(look, owner, key, look.hidden_from_everyone(permissions.BOT_TEXT))
            yield from bring_home(look, owner, key, category)
            yield from rename(look, owner, key, look.desired.cohorts[cohort_id].channel_name)
        case standing:
            yield from _report(look, owner, standing, key, "cohort channel")


def _create_cohort_channel(look: Diff, owner: Owner, key: str, category: str) -> Action:
    cohort = look.desired.cohorts[owner.cohort_id]
    call = calls.create_channel(
        look.observed.guild_id,
        key,
        TEXT,
        cohort.channel_name,
        look.hidden_from_everyone(permissions.BOT_TEXT),
        parent_id=look.id_of(category),
        topic=f"For everyone in {cohort.name}. {keys.make_mark(look.desired.installation, key)}",
    )
    target = f"channel “{cohort.channel_name}” of the cohort"
    return create(owner, call, "channels", target, needs=keys_to_create(category), step=1)


def _report(
    look: Diff, owner: Owner, standing: ObjectStatus, key: str, what: str
) -> Iterator[Issue]:
    """Report a missing or hidden object to every due group of the cohort."""
    if code := standing.trouble:
        for group in look.due_groups():
            if group.cohort_id == owner.cohort_id and group.live:
                yield Issue(group.id, code, f"the {what} (Discord ID {look.id_of(key)})")


def _spokesman(look: Diff, cohort_id: int) -> DesiredGroup | None:
    """Return the cohort's first live group if it is due.  It alone reports minor issues."""
    groups = look.desired.groups.values()
    live = [group for group in groups if group.cohort_id == cohort_id and group.live]
    first = min(live, key=lambda group: group.id, default=None)
    return first if first and first.id in look.policy.groups else None
