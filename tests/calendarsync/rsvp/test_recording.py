"""What people answer in Google Calendar, over HTTP: which answers Lens records."""

from __future__ import annotations

import time
from datetime import datetime, timedelta

import pytest

from calendarsync.copies.storing import store_reading
from calendarsync.models import ObservedRsvp
from calendarsync.state.observed import Reading
from cohorts.models import Group, Membership, User
from cohorts.services.memberships import end_membership
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.rsvp.answers import MINUTE, answers, listen, person
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import move_meeting
from tests.support.spread import in_matrix, thin
from tests.support.workers import bury, finish, start

pytestmark = pytest.mark.django_db


WORDS = {"accepted": "attending", "declined": "not_attending", "tentative": "tentative"}

# -- reading --------------------------------------------------------------------------------------


def test_an_answer_is_read_within_minutes_though_nothing_else_is_due(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    before = calendar.sandbox.last
    assert calendar.work() == 0
    listen(calendar)
    assert answers("Ada") == {2: "attending"}
    assert (calendar.reads_since(before), calendar.writes_since(before)) == (1, [])


@pytest.mark.parametrize("word", thin(WORDS, every=1, always=["declined"]))
def test_an_answer_to_the_series_is_one_to_each_meeting(
    heard: Academy, calendar: SeenCalendar, word: str
) -> None:
    calendar.respond(person("Ada"), word, heard.groups["A"])
    listen(calendar)
    assert answers("Ada") == dict.fromkeys(range(1, 5), WORDS[word])
    assert answers("Alan") == answers("Bea") == {}


def test_an_answer_from_before_lens_knew_the_member_is_read_though_nothing_changes(
    heard: Academy, calendar: SeenCalendar
) -> None:
    present = calendar.series(heard.groups["A"])["attendees"]
    olga = {"email": "olga@example.org", "responseStatus": "accepted"}
    series = calendar.series_id(heard.groups["A"])
    calendar.do("edit_event", event=series, changes={"attendees": [*present, olga]})
    listen(calendar)
    heard.add_member("Olga", "A")
    before = calendar.sandbox.last
    calendar.work()
    assert calendar.writes_since(before) == [], "she is on the list"
    calendar.do("expire_tokens")  # everything is listed again
    listen(calendar)
    assert answers("Olga") == dict.fromkeys(range(1, 5), "attending")


@in_pairs
def test_an_answer_to_one_occurrence_outranks_the_one_to_the_series(
    heard: Academy, calendar: SeenCalendar, google_mode: GoogleMode
) -> None:
    group, ada = heard.groups["A"], person("Ada")
    calendar.respond(ada, "declined", group, heard.meeting("A", 2))
    listen(calendar)
    calendar.respond(ada, "accepted", group)
    calendar.respond(person("Alan"), "tentative", group, heard.meeting("A", 3))
    listen(calendar)
    # Where the series' list overwrites exceptions, Google itself shows the later answer there.
    second = "attending" if google_mode.exceptions == "overwritten" else "not_attending"
    assert answers("Ada") == {1: "attending", 2: second, 3: "attending", 4: "attending"}
    assert answers("Alan") == {3: "tentative"}


@pytest.mark.parametrize(
    "zone", ["America/New_York", in_matrix("Asia/Kathmandu"), in_matrix("Pacific/Kiritimati")]
)
def test_real_failure_4_on_a_calendar_in_another_zone_nothing_matched(
    academy: Academy, calendar: SeenCalendar, zone: str
) -> None:
    """The zone of a time was replaced where it had to be converted."""
    calendar.behave(time_zone=zone)
    calendar.realize(academy)
    listen(calendar)
    third = academy.meeting("A", 3)
    calendar.respond(person("Ada"), "declined", academy.groups["A"], third)
    shown = calendar.occurrence(third)["originalStartTime"]["dateTime"]
    assert not shown.endswith(("Z", "+00:00"))
    assert datetime.fromisoformat(shown) == third.starts_at
    listen(calendar)
    assert answers("Ada") == {3: "not_attending"}


def test_real_failure_20_addresses_in_mixed_case_never_matched(
    heard: Academy, calendar: SeenCalendar
) -> None:
    group, ada = heard.groups["A"], person("Ada")
    listed = [{"email": "ADA@Example.ORG", "responseStatus": "declined"}]
    calendar.do(
        "edit_event",
        event=calendar.series_id(group),
        changes={"attendees": [*listed, {"email": "alan@example.org"}]},
    )
    User.objects.filter(pk=ada.pk).update(email="Ada@EXAMPLE.org")
    listen(calendar)
    assert set(answers("Ada").values()) == {"not_attending"}


@pytest.mark.matrix
def test_addresses_that_are_not_ours_are_left_alone(heard: Academy, calendar: SeenCalendar) -> None:
    stranger = {"email": "mallory@elsewhere.example", "responseStatus": "accepted"}
    others = {"email": "bea@example.org", "responseStatus": "accepted"}
    series = calendar.series(heard.groups["A"])
    calendar.do(
        "edit_event",
        event=series["id"],
        changes={"attendees": [*series["attendees"], stranger, others]},
    )
    listen(calendar)
    assert not Attendance.objects.exists()
    assert not ObservedRsvp.objects.filter(
        user__name="Bea", meeting__group__name="Group A"
    ).exists()


def test_a_meeting_outside_the_rhythm_has_answers_of_its_own(
    heard: Academy, calendar: SeenCalendar
) -> None:
    extra = heard.groups["A"].meetings.create(
        number=5, starts_at=heard.meeting("A", 4).starts_at + timedelta(days=9), duration_minutes=60
    )
    listen(calendar)
    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    (single,) = calendar.singles(heard.groups["A"])
    calendar.do("respond", event=single["id"], attendee="ada@example.org", answer="declined")
    listen(calendar)
    assert answers("Ada")[extra.number] == "not_attending"
    assert {answers("Ada")[week] for week in (1, 2, 3, 4)} == {"attending"}


@pytest.mark.matrix
def test_a_meeting_that_was_moved_is_found_by_its_original_start(
    heard: Academy, calendar: SeenCalendar
) -> None:
    second = heard.meeting("A", 2)
    move_meeting(second.pk, starts_at=second.starts_at + timedelta(hours=26), now=calendar.now)
    listen(calendar)
    calendar.respond(person("Ada"), "tentative", heard.groups["A"], second)
    listen(calendar)
    assert answers("Ada") == {2: "tentative"}


# -- what was decided here ------------------------------------------------------------------------


def decide(calendar: SeenCalendar, academy: Academy, week: int, rsvp: str) -> None:
    """Ada answers on our page; a minute before and after it pass."""
    calendar.move_clock(calendar.now + MINUTE)
    set_rsvp(academy.meeting("A", week).pk, person("Ada").pk, rsvp, now=calendar.now)
    calendar.move_clock(calendar.now + MINUTE)


def test_what_was_decided_here_survives_every_echo(heard: Academy, calendar: SeenCalendar) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    listen(calendar)
    decide(calendar, heard, 2, "not_attending")
    calendar.respond(person("Alan"), "declined", heard.groups["A"], heard.meeting("A", 2))
    listen(calendar)
    calendar.do("expire_tokens")  # everything is read again
    calendar.look()
    calendar.move_clock(calendar.now + timedelta(hours=7))
    calendar.work()
    assert answers("Ada") == {1: "attending", 2: "not_attending", 3: "attending", 4: "attending"}


def test_an_answer_that_changes_afterwards_counts(heard: Academy, calendar: SeenCalendar) -> None:
    group, second = heard.groups["A"], heard.meeting("A", 2)
    decide(calendar, heard, 2, "not_attending")
    calendar.respond(person("Ada"), "tentative", group, second)
    listen(calendar)
    assert answers("Ada") == {2: "tentative"}
    calendar.respond(person("Ada"), "needsAction", group, second)
    listen(calendar)
    assert answers("Ada") == {2: "tentative"}, "taken back is no answer"
    calendar.respond(person("Ada"), "accepted", group, second)
    listen(calendar)
    assert answers("Ada") == {2: "attending"}


@pytest.mark.matrix
def test_of_two_answers_between_two_looks_the_later_counts(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    decide(calendar, heard, 2, "not_attending")
    listen(calendar)
    assert answers("Ada") == {2: "not_attending"}
    decide(calendar, heard, 3, "not_attending")
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 3))
    listen(calendar)
    assert answers("Ada") == {2: "not_attending", 3: "attending"}


@pytest.mark.matrix
def test_where_we_never_listened_what_was_decided_here_stays(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """The first start of this on a term that runs: no one knows which of the two is newer."""
    decide(calendar, realized, 1, "tentative")
    calendar.respond(person("Ada"), "accepted", realized.groups["A"])
    ObservedRsvp.objects.all().delete()
    listen(calendar)
    assert answers("Ada") == {1: "tentative", 2: "attending", 3: "attending", 4: "attending"}


@pytest.mark.django_db(transaction=True)
def test_a_decision_made_while_the_calendar_is_read_stays(
    calendar: SeenCalendar, realized: Academy
) -> None:
    listen(calendar)
    group, first, second = (realized.groups["A"], *(realized.meeting("A", n) for n in (1, 2)))
    for meeting in (first, second):
        calendar.respond(person("Ada"), "accepted", group, meeting)
    calendar.move_clock(calendar.now + 4 * MINUTE)
    calendar.sandbox.set_faults({"kind": "hold_after", "method": "GET", "nth": 1})
    process = start("calendar")
    calendar.sandbox.wait_for_call(held=True)
    set_rsvp(second.pk, person("Ada").pk, "not_attending", now=calendar.now)
    calendar.sandbox.set_faults()
    finish(process)
    assert answers("Ada") == {1: "attending", 2: "not_attending"}


@pytest.mark.django_db(transaction=True)
def test_an_answer_that_was_read_by_a_worker_who_died_is_read_again(
    calendar: SeenCalendar, realized: Academy
) -> None:
    listen(calendar)
    calendar.respond(person("Ada"), "accepted", realized.groups["A"], realized.meeting("A", 2))
    calendar.move_clock(calendar.now + 4 * MINUTE)
    calendar.sandbox.set_faults({"kind": "hold_after", "method": "GET", "nth": 1})
    process = start("calendar")
    calendar.sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    calendar.sandbox.set_faults()
    assert answers("Ada") == {}
    finish(start("calendar"))
    assert answers("Ada") == {2: "attending"}


# -- what takes no answer -------------------------------------------------------------------------


def test_a_meeting_that_is_over_takes_no_echo(heard: Academy, calendar: SeenCalendar) -> None:
    first = heard.meeting("A")
    calendar.move_clock(first.ends_at - timedelta(minutes=10))
    calendar.work()
    calendar.respond(person("Alan"), "accepted", heard.groups["A"], first)
    listen(calendar)
    calendar.move_clock(first.ends_at + MINUTE)
    calendar.respond(person("Ada"), "declined", heard.groups["A"])
    listen(calendar)
    assert answers("Alan") == {1: "attending"}
    assert answers("Ada") == dict.fromkeys((2, 3, 4), "not_attending")


def test_answers_of_former_members_and_in_ended_groups_are_not_recorded(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    calendar.respond(person("Bea"), "accepted", heard.groups["B"])
    end_membership(Membership.objects.get(user__name="Ada").pk, status="dropped", now=calendar.now)
    Group.objects.filter(pk=heard.groups["B"].pk).update(status="completed")
    listen(calendar)
    assert not Attendance.objects.exists()


@pytest.mark.matrix
def test_a_person_who_is_invited_again_begins_without_an_answer(
    heard: Academy, calendar: SeenCalendar
) -> None:
    ada, home, host = person("Ada"), heard.meeting("A"), heard.meeting("B")

    def visit() -> None:
        book_visit(ada.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=calendar.now)
        calendar.work()
        calendar.move_clock(calendar.now + MINUTE)

    visit()
    calendar.respond(ada, "declined", heard.groups["B"], host)
    listen(calendar)
    cancel_visit(ada.pk, host_meeting_id=host.pk, now=calendar.now)
    calendar.work()
    listen(calendar)
    visit()
    assert guest_answer(ada, host) == "attending"
    calendar.respond(ada, "declined", heard.groups["B"], host)  # before anyone has looked
    listen(calendar)
    assert guest_answer(ada, host) == "not_attending"


def guest_answer(user: User, meeting: Meeting) -> str:
    return Attendance.objects.get(user=user, meeting=meeting, is_guest=True).rsvp


@pytest.mark.matrix
def test_what_is_taken_is_of_the_moment_when_the_look_began(
    heard: Academy, calendar: SeenCalendar
) -> None:
    """An answer given in Google while a long observation is stored is the later one."""
    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    series = calendar.series(heard.groups["A"])
    now, began = calendar.now, time.monotonic() - 20
    store_reading(Reading((series,), "token", full=False, asked_at=began), now)
    said = Attendance.objects.get(user__name="Ada", meeting__number=1)
    assert timedelta(seconds=20) <= now - said.rsvp_at < timedelta(minutes=5)


def test_an_answer_to_a_meeting_moved_weeks_past_the_end_of_its_series_is_read(
    heard: Academy, calendar: SeenCalendar
) -> None:
    """The copies of the series are still loaded."""
    last = heard.meeting("A", 4)
    original = last.starts_at
    move_meeting(last.pk, starts_at=original + timedelta(weeks=4), now=calendar.now)
    calendar.work()
    calendar.move_clock(original + timedelta(weeks=2))
    listen(calendar)
    last.refresh_from_db()
    calendar.respond(person("Ada"), "declined", heard.groups["A"], last)
    listen(calendar)
    assert answers("Ada")[4] == "not_attending"


def test_an_answer_to_the_later_part_of_a_series_that_was_split_by_hand_is_read(
    heard: Academy, calendar: SeenCalendar
) -> None:
    group, third = heard.groups["A"], heard.meeting("A", 3)
    at = third.starts_at.isoformat().replace("+00:00", "Z")
    calendar.do("split", event=calendar.series_id(group), at=at)
    listen(calendar)
    (later,) = [one for one in calendar.all_series if "_R" in one["id"]]
    said = {"event": later["id"], "attendee": person("Ada").email}
    calendar.do("respond", answer="declined", **said)
    listen(calendar)
    assert answers("Ada") == {3: "not_attending", 4: "not_attending"}
    calendar.do("respond", answer="accepted", original_start=at, **said)
    listen(calendar)
    assert answers("Ada")[3] == "attending"
