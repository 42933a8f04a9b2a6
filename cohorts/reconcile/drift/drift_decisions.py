"""Carry out what staff chose on the drift page.

Each choice is made for what was shown: if that has changed since, nothing is done about it.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cohorts.activity.recording import one_act
from cohorts.errors import Refusal
from cohorts.models import Group, User, live_group
from cohorts.reconcile.differences import (
    DRIFT_TITLES,
    Drift,
    DriftChoice,
    DriftOption,
    after_choice,
    read_drift,
)
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import DecidesDrift, provider_admins
from cohorts.reconcile.services import request_sync
from cohorts.services.locks import lock_groups

DRIFT_DECIDED = "drift_decided"
EXCLUSIVE = (
    "Recreate and Forget exclude each other for one group. Recreate is carried out first: choose "
    "Forget again afterwards."
)


@dataclass(frozen=True, slots=True)
class DriftDecision:
    """One choice about one difference.  `seen`: the digest of what was shown."""

    group_id: int
    provider: str
    key: str
    seen: str
    choice: str
    answer: str = ""


@dataclass(frozen=True, slots=True)
class DriftDecided:
    """How many choices were stored, and a sentence for each of the others."""

    done: int
    refused: tuple[str, ...]


@transaction.atomic
def decide(decisions: Iterable[DriftDecision], *, by: User, now: datetime) -> DriftDecided:
    """Store these choices.  One that is refused holds up no other.

    Recreate comes before Forget, which is refused for groups whose request it would withdraw.
    """
    wanted = sorted(decisions, key=lambda one: one.choice == DriftChoice.FORGET)
    _lock(one.group_id for one in wanted)
    refused: list[str] = []
    recreated: set[tuple[str, int]] = set()  # (provider, group)
    for one in wanted:
        try:
            with transaction.atomic():
                concerned = {(one.provider, pk) for pk in _decide(one, by, now)}
                if one.choice == DriftChoice.FORGET and concerned & recreated:
                    raise Refusal("exclusive", EXCLUSIVE)
            recreated |= concerned if one.choice == DriftChoice.RECREATE else set()
        except Refusal as refusal:
            refused.append(refusal.sentence)
    return DriftDecided(len(wanted) - len(refused), tuple(refused))


def _lock(group_ids: Iterable[int]) -> None:
    """Lock all live groups of these groups' cohorts: some objects are shared.

    Then their status rows, in the order of `request_sync`, so that the two cannot deadlock.
    """
    cohorts = Group.objects.filter(pk__in=set(group_ids)).values("cohort")
    live = Group.objects.filter(live_group(), cohort__in=cohorts)
    ids = list(lock_groups(live.values_list("pk", flat=True)))
    rows = GroupSync.objects.filter(group__in=ids).select_for_update().order_by("pk")
    list(rows.values_list("pk", flat=True))


def _decide(one: DriftDecision, by: User, now: datetime) -> Collection[int]:
    """Store one choice; return the groups that it concerns."""
    rows = GroupSync.objects.select_for_update(of=("self",)).select_related("group")
    row = rows.filter(group=one.group_id, provider=one.provider).first()
    drift = find_shown(row, one.key) if row else None
    if row is None or drift is None or drift.decided == one.choice:
        raise Refusal("resolved", "One of these was decided already, or no longer differs.")
    option = drift.find_option(one.choice)
    if drift.digest != one.seen or option is None:
        raise Refusal(
            "facts_changed", f"{drift.what} of {row.group} has changed meanwhile. Choose again."
        )
    admin = provider_admins[one.provider]
    if not isinstance(admin, DecidesDrift) or not may_choose(by, option):
        raise Refusal("not_allowed", f"You may not decide this about {drift.what}.")
    # Names of things outside are left out: they may name people.
    said = {DRIFT_TITLES[drift.kind]: ["", option.label]}
    with one_act(DRIFT_DECIDED, by=by, about=row, changes=said) as act:
        act.concern(groups=[row.group])
        concerned = admin.decide_drift(drift, option.choice, one.answer.strip())
    row.drift = after_choice(row.drift, one.key, option.choice)
    row.save(update_fields=["drift"])
    _request(concerned, one.provider, option.choice, by, now)
    return concerned


def find_shown(row: GroupSync, key: str) -> Drift | None:
    return next((read_drift(one) for one in row.drift if one["key"] == key), None)


def may_choose(person: User, option: DriftOption) -> bool:
    return not option.permission or person.has_perm(option.permission)


def _request(
    group_ids: Collection[int], provider: str, choice: DriftChoice, by: User, now: datetime
) -> None:
    """Request or withdraw what is missing now, and have the groups compared."""
    live = Group.objects.filter(live_group(), pk__in=group_ids).values_list("pk", flat=True)
    ids = list(live)
    rows = GroupSync.objects.filter(group__in=ids, provider=provider)
    if choice == DriftChoice.RECREATE:
        if len(ids) > 1:  # what groups share: those that no one has realized stay as they are
            rows = rows.filter(Q(set_up_at__isnull=False) | Q(realize_requested_at__isnull=False))
        rows.update(realize_requested_at=now, realize_requested_by=by, ready_at=None)
    elif choice == DriftChoice.FORGET:
        rows.update(realize_requested_at=None, realize_requested_by=None, ready_at=None)
    request_sync(ids, providers=[provider])
