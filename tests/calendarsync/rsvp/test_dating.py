"""An answer is dated so that somebody else's later change in the family does not make it look new.

Since 2025 Google gives a series, its exceptions and split-off parts one `updated`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from calendarsync.rsvp.dating import find_changes
from calendarsync.state.observed import ObservedEvent
from cohorts.models import User
from meetings.models import Attendance
from meetings.rsvps import set_rsvp
from tests.calendarsync.behaviour import in_pairs
from tests.calendarsync.rsvp.test_reading import exception, series
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

MINUTE = timedelta(minutes=1)
BEFORE = datetime(2026, 11, 2, 12, tzinfo=UTC)  # the previous listing
AFTER = BEFORE + 3 * MINUTE
ADA = "ada@example.org"


def at(moment: datetime | None, event: ObservedEvent) -> ObservedEvent:
    return replace(event, written_at=moment)


def dated(
    known: list[ObservedEvent], *events: ObservedEvent, since: datetime | None = BEFORE
) -> datetime | None:
    """When Ada's answer on the first of these events counts as given."""
    changes = find_changes(events, {one.id: one for one in known}, since)
    return changes.date(events[0], ADA)


PLAIN = [series(ada="needsAction", ben="needsAction")]


def test_an_answer_that_is_all_that_changed_is_dated_by_updated() -> None:
    assert dated(PLAIN, at(AFTER, series(ada="accepted", ben="needsAction"))) == AFTER


def test_an_answer_to_one_occurrence_makes_an_exception_and_changes_nothing_else() -> None:
    length = {"start": exception(2).original, "end": exception(2).original + timedelta(hours=1)}
    answered = replace(exception(2, ada="declined", ben="needsAction"), **length)
    assert dated(PLAIN, at(AFTER, answered), at(AFTER, PLAIN[0])) == AFTER


@pytest.mark.parametrize(
    "other",
    [
        series(ada="accepted", ben="declined"),
        series(ada="accepted", ben="needsAction", cleo="needsAction"),
    ],
    ids=["another answer", "another guest"],
)
def test_beside_another_change_of_the_event_it_is_dated_by_the_previous_listing(
    other: ObservedEvent,
) -> None:
    assert dated(PLAIN, at(AFTER, other)) == BEFORE


def test_beside_a_change_of_another_member_of_the_family_it_depends_on_updated() -> None:
    mine, other = series(ada="accepted", ben="needsAction"), exception(3, ada="accepted")
    assert dated(PLAIN, at(AFTER, mine), at(AFTER, other)) == BEFORE
    assert dated(PLAIN, at(AFTER, mine), at(AFTER + MINUTE, other)) == AFTER


def test_the_same_persons_answer_to_another_meeting_is_another_change() -> None:
    known = [*PLAIN, exception(2, ada="needsAction"), exception(3, ada="needsAction")]
    second, third = exception(2, ada="declined"), exception(3, ada="declined")
    assert dated(known, at(AFTER, second), at(AFTER, third)) == BEFORE


def test_an_answer_to_the_series_that_google_copies_to_exceptions_is_one_act() -> None:
    known = [series(ada="needsAction"), exception(2, ada="needsAction")]
    said = [at(AFTER, series(ada="accepted")), at(AFTER, exception(2, ada="accepted"))]
    assert dated(known, *said) == dated(known, *reversed(said)) == AFTER
    said[0] = at(AFTER, series(ada="declined"))
    assert dated(known, *said) == dated(known, *reversed(said)) == BEFORE


def test_without_updated_an_answer_is_dated_by_the_previous_listing() -> None:
    assert dated(PLAIN, at(None, series(ada="accepted", ben="needsAction"))) == BEFORE
    assert dated(PLAIN, at(None, series(ada="accepted")), since=None) is None


def test_a_change_that_an_earlier_listing_left_out_is_not_dated_by_that_listing() -> None:
    long_ago = BEFORE - timedelta(hours=1)
    assert dated(PLAIN, at(long_ago, series(ada="accepted", ben="declined"))) == long_ago


# -- with the whole of Lens ----------------------------------------------------------------------


def alan_answers(academy: Academy, calendar: SeenCalendar) -> None:
    alan, third = User.objects.get(name="Alan"), academy.meeting("A", 3)
    calendar.respond(alan, "accepted", academy.groups["A"], third)


@in_pairs
@pytest.mark.django_db
@pytest.mark.parametrize("on_series", [True, False], ids=["series", "occurrence"])
def test_an_old_answer_in_google_does_not_overtake_an_rsvp_given_in_lens_since(
    realized: Academy, calendar: SeenCalendar, on_series: bool
) -> None:
    """All between two listings: Ada in Google, Ada in Lens, then another member of the family."""
    pass_minutes(calendar, 4)
    ada, second = User.objects.get(name="Ada"), realized.meeting("A", 2)
    calendar.respond(ada, "accepted", realized.groups["A"], None if on_series else second)
    tick(calendar)
    set_rsvp(second.pk, ada.pk, "not_attending", now=calendar.now)
    tick(calendar)
    alan_answers(realized, calendar)
    pass_minutes(calendar, 2)
    assert Attendance.objects.get(user=ada, meeting=second).rsvp == "not_attending"
    # Where nothing was said in Lens, the answer counts, whenever it was given.
    first = Attendance.objects.filter(user=ada, meeting=realized.meeting("A", 1))
    assert [one.rsvp for one in first] == (["attending"] if on_series else [])


@pytest.mark.django_db
def test_an_answer_given_after_the_last_listing_replaces_an_rsvp_from_before_it(
    realized: Academy, calendar: SeenCalendar
) -> None:
    pass_minutes(calendar, 4)
    ada, second = User.objects.get(name="Ada"), realized.meeting("A", 2)
    set_rsvp(second.pk, ada.pk, "not_attending", now=calendar.now)
    pass_minutes(calendar, 4)
    calendar.respond(ada, "accepted", realized.groups["A"], second)
    tick(calendar)
    alan_answers(realized, calendar)
    pass_minutes(calendar, 2)
    assert Attendance.objects.get(user=ada, meeting=second).rsvp == "attending"


def tick(calendar: SeenCalendar) -> None:
    """A minute passes in which no one reads the calendar."""
    calendar.move_clock(calendar.now + MINUTE)


def pass_minutes(calendar: SeenCalendar, minutes: int) -> None:
    calendar.move_clock(calendar.now + minutes * MINUTE)
    calendar.work()
