"""Decide on removals, and record that one begins.  Nothing here makes an external call."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Group, live_group
from cohorts.reconcile.errors import Conflict
from cohorts.services import groups as group_services
from cohorts.services.locks import lock_found
from cohorts.signals import announce
from discordsync.models import DiscordObject, RemovalApproval
from discordsync.selectors import groups_of, is_removable, recorded_infrastructure
from discordsync.snapshot import read_approvals

REMOVE, KEEP = "remove", "keep"
KEPT, KEPT_ID = "kept:", "#"  # the key of a kept object: "kept:role:12#1234567890"


@dataclass(frozen=True, slots=True)
class Decided:
    """How many objects are to be removed, and how many are kept."""

    removed: int
    kept: int


@transaction.atomic
def decide(
    shown: Iterable[Mapping[str, Any]], decisions: Mapping[str, str], *, by: int, now: datetime
) -> Decided:
    """Store what staff decided on the objects that they were shown; the rest stays as it is.

    `shown`: `Removable` values as stored by the review.  `decisions`: REMOVE or KEEP by key.  Left
    out are objects that have another id than the one shown, and those of a group that was reopened.
    """
    seen = {str(row["key"]): row for row in shown}
    rows = recorded_infrastructure().filter(key__in=decisions.keys() & seen.keys())
    groups_there = Group.objects.filter(cohort__in=rows.values("cohort"))
    lock_found(groups_there)  # none is reopened before this is stored
    there = groups_there.select_related("cohort")
    in_use = {group.pk for group in there if not is_removable(group, now)}
    same = [
        row
        for row in rows.select_for_update(of=("self",)).order_by("pk")
        if str(row.outside_id) == seen[row.key]["outside_id"] and in_use.isdisjoint(groups_of(row))
    ]
    removed = [row for row in same if decisions[row.key] == REMOVE]
    kept = [row for row in same if decisions[row.key] == KEEP]
    for row in removed:
        RemovalApproval.objects.update_or_create(
            target=row,
            defaults={
                "outside_id": row.outside_id or 0,
                "last_message_id": int(seen[row.key]["last_message_id"] or 0),
                "approved_by_id": by,
                "approved_at": now,
            },
        )
    for row in kept:
        _release(row, now)
    groups = {pk for row in (*removed, *kept) for pk in groups_of(row)}
    if groups:
        changes = {"Removed": ["", len(removed)], "Kept": ["", len(kept)]}
        record(
            "removals_decided", by=by, groups=Group.objects.filter(pk__in=groups), changes=changes
        )
    announce(groups)
    return Decided(len(removed), len(kept))


def _release(row: DiscordObject, now: datetime) -> None:
    """Keep an object.  Its key becomes free, should the group ever need a new one."""
    RemovalApproval.objects.filter(target=row).delete()
    row.key, row.released_at = f"{KEPT}{row.key}{KEPT_ID}{row.outside_id}", now
    row.save(update_fields=["key", "released_at"])


@transaction.atomic
def take_back(group_ids: Iterable[int]) -> None:
    """Give groups that live again the objects that staff kept, unless they have new ones.

    Otherwise a reopened group would get a second channel beside the one with its history.  Removals
    are no longer approved: the groups had ended then.
    """
    live = Group.objects.filter(live_group(), pk__in=set(group_ids))
    shared = Q(group=None, cohort__in=live.values("cohort"))
    theirs = DiscordObject.objects.filter(Q(group__in=live) | shared)
    RemovalApproval.objects.filter(target__in=theirs).delete()
    rows = theirs.filter(released_at__isnull=False, gone_at__isnull=True, key__contains=KEPT_ID)
    for row in rows.select_for_update(of=("self",)).order_by("pk"):
        key = row.key.removeprefix(KEPT).partition(KEPT_ID)[0]
        if not DiscordObject.objects.filter(key=key).exists():
            row.key, row.released_at = key, None
            row.save(update_fields=["key", "released_at"])


def begin_removal(key: str, *, now: datetime) -> None:
    """Commit that an object is about to be deleted: its groups cannot be reopened any more.

    Raises Conflict if the approval is no longer valid or a group was reopened.
    """
    approval = read_approvals(now).get(key)
    if approval is None or not approval.is_valid:
        raise Conflict("The removal is no longer approved.")
    row = DiscordObject.objects.select_related("cohort").get(key=key)
    try:
        group_services.begin_removal(groups_of(row), now=now)
    except Refusal as refusal:
        raise Conflict(refusal.sentence) from refusal
    RemovalApproval.objects.filter(target=row).update(began_at=now)


@transaction.atomic
def withdraw_removal(key: str) -> None:
    """Take back what `begin_removal` committed: the object was certainly not deleted.

    Groups of which another removal had begun before still cannot be reopened. None begins while
    this one runs: a group's channels are one lane, and its role comes after them.
    """
    approval = (
        RemovalApproval.objects.select_related("target__cohort").filter(target__key=key).first()
    )
    if approval and approval.began_at:
        group_services.withdraw_removal(groups_of(approval.target), began_at=approval.began_at)
