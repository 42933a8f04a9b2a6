"""Lower bounds for the due dates of messages: nothing is created for the time before setup.

Messages that were due before `quiet_before`, after a restore, are created anyway, so that staff see
them; `services.expire_late` marks them as UNSURE.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cohorts.messages.models import MessageKind
from cohorts.messages.owed import Owed, notifications
from cohorts.models import Group, Installation


@dataclass(frozen=True, slots=True)
class Bounds:
    """When this installation first started, and when it first knew each kind of message."""

    first_started_at: datetime | None
    known_kinds: Mapping[str, datetime]


def read_bounds(now: datetime) -> Bounds:
    """Return the bounds.  Kinds that are new to this database are recorded as known from now."""
    installation = Installation.objects.filter(pk=1).first()
    if installation is None:
        return Bounds(None, {})
    known = dict(MessageKind.objects.values_list("name", "known_since"))
    # At the first start every kind is as old as the installation; later kinds came with an upgrade.
    since = now if known else installation.first_started_at
    fresh = {name: since for name in notifications if name not in known}
    MessageKind.objects.bulk_create(
        [MessageKind(name=name, known_since=since) for name in fresh], ignore_conflicts=True
    )
    return Bounds(installation.first_started_at, {**known, **fresh})


def keep_sendable(owed: Iterable[Owed], bounds: Bounds, now: datetime) -> dict[str, Owed]:
    """Return by key the messages that are due, not past their cutoff, and not before the bounds."""
    due = {one.key: one for one in owed if one.due_at <= now < one.cutoff_at}
    known_at = _first_known({one.group_id for one in due.values() if one.group_id})
    return {key: one for key, one in due.items() if _is_of_our_time(one, bounds, known_at)}


def _is_of_our_time(one: Owed, bounds: Bounds, known_at: Mapping[int, datetime]) -> bool:
    since = [bounds.first_started_at, bounds.known_kinds.get(one.kind)]
    if one.group_id is not None:
        since.append(known_at.get(one.group_id))
    return all(moment is None or one.due_at >= moment for moment in since)


def _first_known(group_ids: set[int]) -> dict[int, datetime]:
    if not group_ids:
        return {}
    rows = Group.objects.filter(pk__in=group_ids)
    return dict(rows.values_list("pk", "cohort__first_known_at"))
