"""Forecast how many e-mails Google will send about a move that is not confirmed yet. Read-only."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

from django.conf import settings

from calendarsync.desired import desired_state
from calendarsync.mails.mail_count import count_mails
from calendarsync.selectors import PROVIDER
from calendarsync.snapshot import read_people, take_snapshot
from calendarsync.state.facts import CalendarGroup, CalendarPerson, Guest
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.provider import configured_providers
from meetings.moving.forecasts import MailForecast, MovedGroup


def forecast_google_mails(groups: Sequence[MovedGroup], now: datetime) -> MailForecast | None:
    """Return the e-mails that the plans will cause once the groups have moved, by what Google last
    reported. None if nothing has been read from this calendar.

    A constant number of queries.
    """
    if not _was_read():
        return None
    snapshot = take_snapshot(now, only=[moved.group.pk for moved in groups])
    known = [moved for moved in groups if moved.group.pk in snapshot.groups]
    if not known:
        return None
    desired = desired_state(snapshot, now)
    people = read_people(user_id for moved in known for _, user_id in moved.reopened)
    counted = [
        count_mails(
            desired,
            moved.group.pk,
            partial(_as_moved, moved=moved, people=people),
            settings.GOOGLE_CALENDAR_ID,
        )
        for moved in known
    ]
    return MailForecast(
        "Google",
        sum(each.invitations for each in counted),
        sum(each.updates for each in counted),
        sum(each.cancellations for each in counted),
        at_most=any(each.at_most for each in counted),
    )


def _was_read() -> bool:
    state = ProviderState.objects.of(PROVIDER).first()
    if PROVIDER not in configured_providers() or not state:
        return False
    return state.cursor.partition(" ")[0] == settings.GOOGLE_CALENDAR_ID


def _as_moved(
    facts: CalendarGroup, moved: MovedGroup, people: Mapping[int, CalendarPerson]
) -> CalendarGroup:
    return replace(
        facts,
        weekly=moved.slot,
        zone=moved.slot.zone if moved.slot else facts.zone,
        meetings=moved.meetings,
        guests=(*_remaining(facts, moved), *_returning(moved, people)),
    )


def _remaining(facts: CalendarGroup, moved: MovedGroup) -> Iterator[Guest]:
    """Yield the guests and substitutes. At a meeting that moves, only guests whose visit stays are
    still expected."""
    elsewhere = {
        change.meeting_id
        for change in moved.changes
        if change.before and (not change.after or change.after.starts_at != change.before.starts_at)
    }
    for guest in facts.guests:
        key = guest.meeting_id, guest.person.id
        if key not in moved.reopened:
            stays = guest.meeting_id not in elsewhere or key in moved.kept
            yield replace(guest, expected=guest.expected and stays)


def _returning(moved: MovedGroup, people: Mapping[int, CalendarPerson]) -> Iterator[Guest]:
    for meeting_id, user_id in sorted(moved.reopened):
        yield Guest(people[user_id], meeting_id, expected=True)
