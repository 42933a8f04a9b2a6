"""Forecast how many e-mails Google will send about a move that is not confirmed yet. Read-only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from django.conf import settings

from calendarsync.desired import desired_state
from calendarsync.models import CalendarCopy
from calendarsync.plan.mail_count import count_mails
from calendarsync.selectors import PROVIDER, read_addresses
from calendarsync.snapshot import take_snapshot
from calendarsync.state.facts import CalendarGroup, Guest
from calendarsync.state.observed import ObservedCalendar, read_event
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.provider import configured_providers
from meetings.moving.forecasts import MailForecast, MovedGroup


def forecast_google_mails(moved: MovedGroup, now: datetime) -> MailForecast | None:
    """Return the e-mails that the plan will cause once the move is done, by what Google last
    reported. None if nothing has been read from this calendar.

    A constant number of queries.
    """
    calendar_id = settings.GOOGLE_CALENDAR_ID
    state = ProviderState.objects.of(PROVIDER).first()
    if PROVIDER not in configured_providers() or not state:
        return None
    if state.cursor.partition(" ")[0] != calendar_id:
        return None
    snapshot = take_snapshot(now, only=moved.group.pk)
    facts = snapshot.groups.get(moved.group.pk)
    if facts is None:
        return None
    counted = count_mails(
        desired_state(snapshot, now),
        _read_copies(facts),
        facts.id,
        lambda current: _as_moved(current, moved),
        calendar_id,
    )
    return MailForecast(
        "Google",
        counted.invitations,
        counted.updates,
        counted.cancellations,
        at_most=counted.at_most,
    )


def _as_moved(facts: CalendarGroup, moved: MovedGroup) -> CalendarGroup:
    return replace(
        facts,
        weekly=moved.slot,
        zone=moved.slot.zone if moved.slot else facts.zone,
        meetings=moved.meetings,
        guests=tuple(_remaining(facts, moved)),
    )


def _remaining(facts: CalendarGroup, moved: MovedGroup) -> Iterator[Guest]:
    """Yield the guests and substitutes. They are no longer expected at a meeting that moves."""
    elsewhere = {
        change.meeting_id
        for change in moved.changes
        if change.before and (not change.after or change.after.starts_at != change.before.starts_at)
    }
    for guest in facts.guests:
        yield replace(guest, expected=guest.expected and guest.meeting_id not in elsewhere)


def _read_copies(facts: CalendarGroup) -> ObservedCalendar:
    """Return the group's events as Google last reported them. Two queries."""
    aliases = read_addresses().aliases
    ids = [series.event_id for series in facts.all_series]
    ids += [event.event_id for event in facts.events]
    bodies = CalendarCopy.objects.filter(base_id__in=ids).values_list("body", flat=True)
    events = [read_event(body, aliases) for body in bodies]
    return ObservedCalendar({event.id: event for event in events})
