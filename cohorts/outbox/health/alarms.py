"""Alarms for staff about the outbox as a whole.  Each is reported once.

    a source or a channel fails                              for 1 hour
    messages wait although their channel reports no error    for 1 hour without any sent
    a channel is closed until staff open it                  at once

An alarm is shown on the admin's start page until it is over.  It is logged once, at level ERROR and
without names of people, which sends it to Sentry.  Messages stay pending until their cutoff.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, F, Min, Q, QuerySet

from cohorts.outbox.health import parts
from cohorts.outbox.holds import why_held
from cohorts.outbox.models import UNSENT, Message, OutboxPart
from cohorts.outbox.registry import channels, message_sources

logger = logging.getLogger(__name__)

AFTER = timedelta(hours=1)
Channel = Message.Channel
SOURCE_FIX = "Contact the operator: the log has the traceback. Other messages are not affected."


@dataclass(frozen=True, slots=True)
class Alarm:
    """`name` is the part's name; `sentence` may quote a server's response, `headline` never
    does."""

    name: str
    headline: str
    since: datetime
    sentence: str
    fix: str


def find_alarms(now: datetime) -> list[Alarm]:
    """Return the current alarms, with two queries if there are none."""
    failing = OutboxPart.objects.filter(
        Q(failing_since__lte=now - AFTER) | Q(closed_at__isnull=False),
        name__in=[*message_sources, *channels],  # not of a source that an upgrade removed
    )
    failed = [_failing(part) for part in failing.order_by("name")]
    known = {alarm.name for alarm in failed}
    return failed + [alarm for alarm in _find_stalled(now) if alarm.name not in known]


def _failing(part: OutboxPart) -> Alarm:
    title = _title(part.name)
    since = part.closed_at or part.failing_since
    assert since is not None  # find_alarms filters by one of the two
    if part.closed_at:
        return Alarm(
            part.name, f"{title}: closed", since, part.issue, channels[part.name].closed_fix
        )
    fix = channels[part.name].fix if part.name in channels else SOURCE_FIX
    return Alarm(part.name, f"{title}: failing for an hour", since, part.issue, fix)


def _title(name: str) -> str:
    return Channel(name).label.capitalize() if name in Channel.values else f"Message source {name}"


def _find_stalled(now: datetime) -> list[Alarm]:
    """Return alarms for channels on which messages wait for an hour and none was sent since.

    None while everything is held: the start page reports the hold itself.
    """
    rows = _waiting_since(now - AFTER).order_by().values_list("channel")
    waiting = list(rows.annotate(Count("pk"), Min("due_at")))
    if not waiting or why_held(now):
        return []
    went = Message.objects.filter(sent_at__gt=now - AFTER).values_list("channel", flat=True)
    moving = set(went.order_by().distinct())
    return [
        _stalled(Channel(channel), count, oldest)
        for channel, count, oldest in waiting
        if channel not in moving
    ]


def _stalled(channel: Channel, count: int, oldest: datetime) -> Alarm:
    sentence = (
        f"{count} {'message has' if count == 1 else 'messages have'} been waiting for more "
        "than an hour."
    )
    headline = f"{channel.label.capitalize()}: nothing sent for an hour"
    return Alarm(channel, headline, oldest, sentence, channels[channel].fix)


def _waiting_since(since: datetime) -> QuerySet[Message]:
    """Return messages that could be sent; a missing address or an open decision is reported
    elsewhere."""
    return Message.objects.filter(
        channel__in=[one.name for one in channels.values() if one.is_watched],
        state__in=UNSENT,
        due_at__lte=since,
        created_at__lte=since,
        cutoff_at__gt=since + AFTER,
        next_try_at__lt=F("cutoff_at"),
    ).exclude(channel=Channel.EMAIL, user__email__isnull=True)


def raise_alarms(now: datetime) -> list[Alarm]:
    """Report each new alarm once and return the new ones."""
    _clear_idle()
    alarms = {alarm.name: alarm for alarm in find_alarms(now)}
    OutboxPart.objects.exclude(name__in=alarms).update(alarmed_at=None)
    return [alarm for alarm in alarms.values() if _report_once(alarm, now)]


def _report_once(alarm: Alarm, now: datetime) -> bool:
    """Log an alarm unless it was logged before; of two concurrent workers only one updates the
    row."""
    OutboxPart.objects.get_or_create(name=alarm.name)
    fresh = OutboxPart.objects.filter(name=alarm.name, alarmed_at=None).update(alarmed_at=now)
    if fresh:
        logger.error("Messages, %s. See the admin start page for what to do.", alarm.headline)
    return bool(fresh)


def _clear_idle() -> None:
    """Clear failures of channels without unsent messages: those that failed were sent or have
    expired.  A round of e-mails tries the mail server itself.
    """
    for channel in channels.keys() - {Channel.EMAIL}:
        if not Message.objects.filter(channel=channel, state__in=UNSENT).exists():
            parts.record_success(channel)
