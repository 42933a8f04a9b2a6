"""Create the messages that follow from the facts, once each and within bounds.

Nothing is created for the time before setup.  Messages that were due before `quiet_before`, after a
restore, are created anyway, so that staff see them; `services.expire_late` marks them as UNSURE.

Messages that came and went while no worker ran are created as too late, so that staff see that they
were not sent: those whose cutoff is later than the last complete collection from their source, of
14 days at most, and none that the original may have sent before a restore.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction

from cohorts.models import Group, Installation
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message, MessageKind, OutboxPart
from cohorts.outbox.nudges import nudge_channels
from cohorts.outbox.registry import Source, message_sources, notifications
from cohorts.outbox.routing.routes import DeliveryRequest, find_routes

logger = logging.getLogger(__name__)

BATCH = 200  # messages per transaction
COLLECT_SECONDS = 30  # of the task timeout of 120; waiting for locks counts too
MISSED_WITHIN = timedelta(days=14)
# `explanations.py` adds the times, in the reader's zone.
MISSED = (
    "It could not be sent in time: no worker created messages then. None was running, or the "
    "source of this type of message failed."
)


def collect(group_ids: Iterable[int] | None, *, now: datetime) -> int:
    """Store the new messages of these groups (None: of all groups); return how many are new.

    Call it outside a transaction: each batch has its own, so that a failing source does not stop
    the others. What is not stored after COLLECT_SECONDS is left to the next minute: a task that
    exceeds the queue's timeout would take down its whole cluster.

    A collection for all groups also stores, as too late, what became too late since the last one
    that was complete, for each source.
    """
    ids = None if group_ids is None else frozenset(group_ids)
    if ids is not None and not ids:
        return 0
    unhealthy = parts.find_unhealthy()
    failing = {part.name for part in unhealthy if part.failing_since}
    incomplete = {part.name: part.collected_at for part in unhealthy if part.collected_at}
    run = _Collection(ids, read_bounds(incomplete, now), now, time.monotonic() + COLLECT_SECONDS)
    new = 0
    for name, source in message_sources.items():
        written = _collect_from(name, source, run)
        # What works for some groups can still fail for another one.
        if written is not None and name in failing and ids is None:
            parts.record_success(name)
        new += written or 0
    if ids is None and run.bounds.collected_at < now:
        record_collected(incomplete, run.incomplete, now)
    return new


@dataclass
class _Collection:
    """`incomplete`: since when, by source, if it failed or not everything was stored by `until`."""

    group_ids: frozenset[int] | None
    bounds: Bounds
    now: datetime
    until: float
    incomplete: dict[str, datetime] = field(default_factory=dict)

    def since(self, name: str) -> datetime:
        if self.group_ids is not None:
            return self.now
        return self.bounds.incomplete.get(name, self.bounds.collected_at)


def _collect_from(name: str, source: Source, run: _Collection) -> int | None:
    """Return how many new messages one source has; None if it failed."""
    since = run.since(name)
    try:
        # No transaction: sources only read, and 20 pairs of BEGIN and COMMIT take time each minute.
        pending = source(run.group_ids, since, run.now)
        kept = keep_new(pending, run.bounds, since, run.now)
        return _store(name, kept, run)
    except Exception as error:
        run.incomplete[name] = since
        logger.exception("The message source %s failed", name)
        parts.record_failure(name, f"{type(error).__name__}: {error}", now=run.now)
        return None


def _store(name: str, pending: Mapping[str, Message], run: _Collection) -> int:
    """Insert messages that are not stored yet, those that are too late last; return how many of
    them can be sent.

    The first batch is written even after the time limit.
    """
    if not pending:  # of most sources: Django would build the query before it finds nothing to ask
        return 0
    known = set(Message.objects.filter(key__in=pending).values_list("key", flat=True))
    fresh = [pending[key] for key in sorted(pending.keys() - known)]
    fresh.sort(key=lambda one: one.cutoff_at <= run.now)
    new = 0
    for start in range(0, len(fresh), BATCH):
        if start and time.monotonic() >= run.until:
            run.incomplete[name] = run.since(name)
            break
        with transaction.atomic():
            new += _store_new(fresh[start : start + BATCH], run.now)
    return new


def store(pending: Iterable[Message], *, now: datetime) -> int:
    """Store messages that a person asked for; return how many are new.  They become due now."""
    with transaction.atomic():
        return _store_new(list(pending), now)


def _store_new(batch: list[Message], now: datetime) -> int:
    """Insert in key order, so that two writers cannot deadlock; return how many can be sent."""
    _complete(batch, now)
    fresh = sorted(batch, key=lambda one: one.key)
    new = [one for one in _insert_all(fresh) if now < one.cutoff_at]
    nudge_channels((one.channel, one.group_id) for one in new)
    return len(new)


def _complete(fresh: Collection[Message], now: datetime) -> None:
    """Set what sources leave open, and the channel that each person prefers for their e-mails.

    An unwanted message is stored anyway, and dropped with its reason when it would be sent.
    """
    requests = {
        one.key: DeliveryRequest(one.user_id, one.kind, direct=one.group_id is not None)
        for one in fresh
        if one.user_id is not None and one.channel == Message.Channel.EMAIL
    }
    routes = find_routes(set(requests.values()), now)
    for one in fresh:
        if one.key in requests:
            one.channel = routes[requests[one.key]].channel or one.channel
        one.created_at, one.next_try_at = now, one.due_at
        if one.cutoff_at <= now:
            one.state, one.not_sent_reason = Message.State.EXPIRED, MISSED


def _insert_all(fresh: list[Message]) -> list[Message]:
    """Insert messages and return those that are new: one by one if another writer has stored some,
    which a statement for all of them cannot report."""
    try:
        with transaction.atomic():
            Message.objects.bulk_create(fresh)
    except IntegrityError:
        return [one for one in fresh if _insert(one)]
    return fresh


def _insert(one: Message) -> bool:
    try:
        with transaction.atomic():
            one.save(force_insert=True)
    except IntegrityError:
        if Message.objects.filter(key=one.key).exists():
            return False
        raise
    return True


# -- bounds --------------------------------------------------------------------------------------


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
    if installation.doubt:
        return bounds  # nothing is reported as missed while ownership is in doubt
    collected_at = installation.collected_at or installation.first_started_at
    return replace(
        bounds,
        collected_at=_limit(collected_at, now),
        incomplete={name: _limit(at, now) for name, at in incomplete.items()},
    )


def _limit(collected_at: datetime, now: datetime) -> datetime:
    """Return since when to collect. A time in the future is of a clock that was ahead: what it says
    is unknown."""
    earliest = now - MISSED_WITHIN
    return earliest if collected_at > now else max(collected_at, earliest)


def record_collected(
    before: Mapping[str, datetime], incomplete: Mapping[str, datetime], now: datetime
) -> None:
    """Record that every message with a cutoff until now is stored, except those of sources that are
    `incomplete` since a time. `before` are the sources that were incomplete until now."""
    if complete := before.keys() - incomplete:
        OutboxPart.objects.filter(name__in=complete).update(collected_at=None)
    for name, collected_at in incomplete.items():
        OutboxPart.objects.update_or_create(name=name, defaults={"collected_at": collected_at})
    Installation.objects.filter(pk=1).update(collected_at=now)


def keep_new(
    pending: Iterable[Message], bounds: Bounds, since: datetime, now: datetime
) -> dict[str, Message]:
    """Return by key the messages that could be sent from `since` to `now`, within the bounds."""
    due = {
        one.key: one
        for one in pending
        if one.due_at <= now and since < one.cutoff_at and one.due_at < one.cutoff_at
    }
    known_at = _first_known({one.group_id for one in due.values() if one.group_id})
    return {key: one for key, one in due.items() if _is_within(one, bounds, known_at, now)}


def _is_within(
    one: Message, bounds: Bounds, known_at: Mapping[int, datetime], now: datetime
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
