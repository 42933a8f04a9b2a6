"""Lower bounds for the due dates of messages: nothing is created for the time before setup.

Messages that were due before `quiet_before`, after a restore, are created anyway, so that staff see
them; `services.expire_late` marks them as UNSURE.

Messages that came and went while no worker ran are created as too late, so that staff see that they
were not sent: those whose cutoff is later than the last complete collection from their source, of
14 days at most, and none that the original may have sent before a restore.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from cohorts.models import Group, Installation
from cohorts.outbox.models import MessageKind, OutboxPart
from cohorts.outbox.registry import PendingMessage, notifications
from cohorts.services.installation import find_doubt

MISSED_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True)
class Bounds:
    """When this installation first started, and when it first knew each kind of message.

    Messages with a cutoff before `collected_at` are stored, or are not of interest any more;
    `incomplete` holds an earlier time for each source that was not complete since then.
    """

    first_started_at: datetime | None
    known_kinds: Mapping[str, datetime]
    collected_at: datetime
    incomplete: Mapping[str, datetime] = field(default_factory=dict)
    quiet_before: datetime | None = None


def read_bounds(incomplete: Mapping[str, datetime], now: datetime) -> Bounds:
    """Return the bounds; `incomplete` is since when sources were not complete.

    Kinds that are new to this database are recorded as known from now.
    """
    installation = Installation.objects.with_seal().filter(pk=1).first()
    if installation is None:
        return Bounds(None, {}, now)
    known = dict(MessageKind.objects.values_list("name", "known_since"))
    # At the first start every kind is as old as the installation; later kinds came with an upgrade.
    since = now if known else installation.first_started_at
    fresh = {name: since for name in notifications if name not in known}
    MessageKind.objects.bulk_create(
        [MessageKind(name=name, known_since=since) for name in fresh], ignore_conflicts=True
    )
    known |= fresh
    bounds = Bounds(installation.first_started_at, known, now, {}, installation.quiet_before)
    if find_doubt(installation):
        return bounds  # nothing is reported as missed while ownership is in doubt
    collected_at = installation.collected_at or installation.first_started_at
    return replace(
        bounds,
        collected_at=_limit(collected_at, now),
        incomplete={name: _limit(at, now) for name, at in incomplete.items()},
    )


def _limit(collected_at: datetime, now: datetime) -> datetime:
    return min(now, max(collected_at, now - MISSED_WITHIN))


def record_collected(
    before: Mapping[str, datetime], incomplete: Mapping[str, datetime], now: datetime
) -> None:
    """Record that every message with a cutoff until now is stored, except those of the sources that
    are `incomplete` since a time; `before` are those that were."""
    if complete := before.keys() - incomplete:
        OutboxPart.objects.filter(name__in=complete).update(collected_at=None)
    for name, collected_at in incomplete.items():
        OutboxPart.objects.update_or_create(name=name, defaults={"collected_at": collected_at})
    Installation.objects.filter(pk=1).update(collected_at=now)


def keep_new(
    pending: Iterable[PendingMessage], bounds: Bounds, since: datetime, now: datetime
) -> dict[str, PendingMessage]:
    """Return by key the messages that could be sent from `since` to `now`, within the bounds."""
    due = {
        one.key: one
        for one in pending
        if one.due_at <= now and since < one.cutoff_at and one.due_at < one.cutoff_at
    }
    known_at = _first_known({one.group_id for one in due.values() if one.group_id})
    return {key: one for key, one in due.items() if _is_within(one, bounds, known_at, now)}


def _is_within(
    one: PendingMessage, bounds: Bounds, known_at: Mapping[int, datetime], now: datetime
) -> bool:
    since = [bounds.first_started_at, bounds.known_kinds.get(one.kind)]
    if one.group_id is not None:
        since.append(known_at.get(one.group_id))
    if one.cutoff_at <= now:  # missed here, but perhaps sent by the original
        since.append(bounds.quiet_before)
    return all(moment is None or one.due_at >= moment for moment in since)


def _first_known(group_ids: set[int]) -> dict[int, datetime]:
    if not group_ids:
        return {}
    rows = Group.objects.filter(pk__in=group_ids)
    return dict(rows.values_list("pk", "cohort__first_known_at"))
