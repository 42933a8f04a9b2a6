"""How far back messages may be owed: nothing from before it was known here.

What was due before `quiet_before`, after a restore, is written down all the same, so that staff see
it; `services.expire_late` sets it aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings

from cohorts.messages.models import MessageKind
from cohorts.messages.owed import Owed
from cohorts.models import Group, Installation


@dataclass(frozen=True, slots=True)
class Bounds:
    """Since when there is this installation, and since when it knows each kind."""

    first_started_at: datetime | None
    known_kinds: Mapping[str, datetime]


def read_bounds(now: datetime) -> Bounds:
    """The bounds, with kinds that are new here noted as known from now."""
    installation = Installation.objects.filter(pk=1).first()
    if installation is None:
        return Bounds(None, {})
    known = dict(MessageKind.objects.values_list("name", "known_since"))
    # At the first start every kind is as old as the installation; later ones came with a version.
    since = now if known else installation.first_started_at
    fresh = {name: since for name in settings.MESSAGE_KINDS if name not in known}
    MessageKind.objects.bulk_create(
        [MessageKind(name=name, known_since=since) for name in fresh], ignore_conflicts=True
    )
    return Bounds(installation.first_started_at, {**known, **fresh})


def keep_sendable(owed: Iterable[Owed], bounds: Bounds, now: datetime) -> dict[str, Owed]:
    """Those that are due, not too late and not from before our time, by key."""
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
