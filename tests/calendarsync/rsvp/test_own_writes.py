"""What Lens writes to Google Calendar is not taken for an answer, over HTTP."""

from __future__ import annotations

from datetime import timedelta

import pytest

from calendarsync.models import CalendarSeries
from cohorts.reconcile import services
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.rsvp.answers import answers, everybody_answers, listen, person
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting

pytestmark = pytest.mark.django_db


ADA = {1: "attending", 2: "not_attending", 3: "attending", 4: "attending"}
ALAN = {1: "tentative", 2: "tentative", 3: "attending", 4: "tentative"}


@in_pairs
def test_real_failure_2_one_new_member_wiped_every_answer(
    heard: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    """Each fell back to `needsAction`, and all were mailed."""
    everybody_answers(calendar, heard)
    before = calendar.series(heard.groups["A"])["attendees"]
    heard.add_member("Anne", "A")
    calendar.work()
    listen(calendar)
    calendar.do("expire_tokens")
    calendar.look()
    after = calendar.series(heard.groups["A"])["attendees"]
    assert [one for one in after if one["email"] != "anne@example.org"] == before
    assert (answers("Ada"), answers("Alan"), answers("Anne")) == (ADA, ALAN, {})
    if google_mode.exceptions != "overwritten":  # there only we still have them
        assert calendar.answer(calendar.occurrence(heard.meeting("A", 2)), person("Ada")) == (
            "declined"
        )
    if google_mode.mails == "concerned":
        assert calendar.mails == [("anne", "invitation")]


def test_an_answer_given_while_we_write_the_series_is_recorded(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(exceptions="overwritten")
    everybody_answers(calendar, heard)
    heard.add_member("Anne", "A")
    calendar.respond(person("Ada"), "tentative", heard.groups["A"], heard.meeting("A", 4))
    calendar.respond(person("Alan"), "declined", heard.groups["A"])
    calendar.work()
    listen(calendar)
    assert answers("Ada") == {**ADA, 4: "tentative"}
    assert set(answers("Alan").values()) == {"not_attending"}


@pytest.mark.matrix
def test_a_meeting_that_moves_or_is_held_after_all_keeps_what_was_said(
    heard: Academy, calendar: SeenCalendar
) -> None:
    everybody_answers(calendar, heard)
    second, third = heard.meeting("A", 2), heard.meeting("A", 3)
    move_meeting(second.pk, starts_at=second.starts_at + timedelta(hours=3), now=calendar.now)
    cancel_meeting(third.pk, now=calendar.now)
    listen(calendar)
    restore_meeting(second.pk, now=calendar.now)
    restore_meeting(third.pk, now=calendar.now)
    listen(calendar)
    calendar.look()
    assert (answers("Ada"), answers("Alan")) == (ADA, ALAN)


@pytest.mark.matrix
def test_the_invitation_to_a_new_series_is_no_answer(
    heard: Academy, calendar: SeenCalendar
) -> None:
    everybody_answers(calendar, heard)
    group = heard.groups["A"]
    calendar.do("delete_event", event=calendar.series_id(group))
    calendar.look()
    services.recreate([group.pk], "calendar", by=None, now=calendar.now)
    calendar.work()
    listen(calendar)
    assert CalendarSeries.objects.filter(group=group).count() == 2
    assert calendar.answer(calendar.series(group), person("Ada")) == "needsAction"
    assert (answers("Ada"), answers("Alan")) == (ADA, ALAN)
    calendar.respond(person("Ada"), "declined", group)
    listen(calendar)
    assert set(answers("Ada").values()) == {"not_attending"}
