"""What people answer in Google Calendar, over HTTP: what counts here, and what is an echo."""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from calendarsync.copies.storing import store_reading
from calendarsync.models import CalendarCopy, CalendarSeries, ObservedRsvp
from calendarsync.rsvp.dating import CalendarChanges
from calendarsync.rsvp.recording import record_rsvps
from calendarsync.state.observed import ObservedCalendar, Reading, read_event
from cohorts.models import Group, Membership, User
from cohorts.reconcile import services
from cohorts.reconcile.models import ProviderState
from cohorts.services.memberships import end_membership
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.calendarsync.behaviour import GoogleMode, in_pairs
from tests.calendarsync.seen import SeenCalendar
from tests.calendarsync.test_guests import book
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting, restore_meeting
from tests.support.workers import bury, finish, start

pytestmark = pytest.mark.django_db

WORDS = {"accepted": "attending", "declined": "not_attending", "tentative": "tentative"}
MINUTE = timedelta(minutes=1)


def person(name: str) -> User:
    return User.objects.get(name=name)


def listen(calendar: SeenCalendar, minutes: int = 4) -> None:
    """Some minutes pass, in which nothing is due but to read what people answered."""
    calendar.move_clock(calendar.now + minutes * MINUTE)
    calendar.work()


def answers(name: str) -> dict[int, str]:
    """By week what is known here."""
    rows = Attendance.objects.filter(user__name=name).order_by("meeting__number")
    return dict(rows.values_list("meeting__number", "rsvp"))


@pytest.fixture
def heard(realized: Academy, calendar: SeenCalendar) -> Academy:
    """Groups A, B and C, whose invitations we have seen unanswered."""
    listen(calendar)
    return realized


# -- reading -------------------------------------------------------------------------------------


def test_an_answer_is_read_within_minutes_though_nothing_else_is_due(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    before = calendar.sandbox.last
    assert calendar.work() == 0
    listen(calendar)
    assert answers("Ada") == {2: "attending"}
    assert (calendar.reads_since(before), calendar.writes_since(before)) == (1, [])


@pytest.mark.parametrize("word", WORDS)
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


@pytest.mark.parametrize("zone", ["America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati"])
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


def test_a_meeting_that_was_moved_is_found_by_its_original_start(
    heard: Academy, calendar: SeenCalendar
) -> None:
    second = heard.meeting("A", 2)
    move_meeting(second.pk, starts_at=second.starts_at + timedelta(hours=26), now=calendar.now)
    listen(calendar)
    calendar.respond(person("Ada"), "tentative", heard.groups["A"], second)
    listen(calendar)
    assert answers("Ada") == {2: "tentative"}


# -- what was decided here -----------------------------------------------------------------------


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


# -- our own writes are no answers ---------------------------------------------------------------


def everybody_answers(calendar: SeenCalendar, academy: Academy) -> None:
    """Both members of group A, to the series and otherwise to one meeting each."""
    group = academy.groups["A"]
    calendar.respond(person("Ada"), "accepted", group)
    calendar.respond(person("Alan"), "tentative", group)
    calendar.respond(person("Ada"), "declined", group, academy.meeting("A", 2))
    calendar.respond(person("Alan"), "accepted", group, academy.meeting("A", 3))
    listen(calendar)
    calendar.forget_mails()


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


# -- what takes no answer ------------------------------------------------------------------------


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


def test_what_is_taken_is_of_the_moment_when_the_look_began(
    heard: Academy, calendar: SeenCalendar
) -> None:
    """An answer given in Google while a long observation is stored is the later one."""
    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    series = calendar.series(heard.groups["A"])
    now, began = calendar.now, time.monotonic() - 20
    store_reading(Reading((series,), "token", full=False, asked_at=began), "calendar", now)
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


# -- looks ---------------------------------------------------------------------------------------


def read_in(calendar: SeenCalendar, since: int) -> list[str]:
    """What was asked for: "changes" since a token, or the "whole"."""
    return [
        "changes" if "syncToken" in c["query"] else "whole" for c in calendar.calls_since(since)
    ]


def test_a_token_that_google_has_forgotten_loses_no_answer(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    calendar.do("expire_tokens")
    before = calendar.sandbox.last
    listen(calendar)
    assert read_in(calendar, before) == ["changes", "whole"]
    assert answers("Ada") == {2: "attending"}


def test_every_six_hours_everything_is_read(heard: Academy, calendar: SeenCalendar) -> None:
    read = []
    for _ in range(13):
        before = calendar.sandbox.last
        listen(calendar, minutes=30)
        read += read_in(calendar, before)
    assert read == ["changes"] * 11 + ["whole", "changes"]


def test_a_full_reading_finds_answers_that_the_changes_left_out(
    heard: Academy, calendar: SeenCalendar
) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    # As if a listing of changes had left it out.
    calendar.sandbox.set_faults({"kind": "truncate", "path": "/events$", "keep": 0, "nth": 1})
    listen(calendar)
    listen(calendar)
    assert answers("Ada") == {}
    calendar.move_clock(calendar.now + timedelta(hours=6))
    calendar.work()
    assert answers("Ada") == {2: "attending"}


def test_an_outage_delays_answers_and_loses_none(heard: Academy, calendar: SeenCalendar) -> None:
    calendar.respond(person("Ada"), "accepted", heard.groups["A"], heard.meeting("A", 2))
    calendar.sandbox.set_faults({"kind": "error", "status": 503, "method": "GET", "nth": 1})
    calendar.move_clock(calendar.now + 4 * MINUTE)
    from cohorts.reconcile.controller import run_once

    run_once("calendar")
    assert answers("Ada") == {}
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert answers("Ada") == {2: "attending"}


def test_reading_the_same_answers_again_writes_nothing(
    heard: Academy, calendar: SeenCalendar
) -> None:
    everybody_answers(calendar, heard)
    before = list(Attendance.objects.order_by("pk").values())
    words = list(ObservedRsvp.objects.order_by("pk").values())
    calendar.do("expire_tokens")
    calendar.look()
    listen(calendar)
    assert list(Attendance.objects.order_by("pk").values()) == before
    assert list(ObservedRsvp.objects.order_by("pk").values()) == words


def test_staff_read_what_google_said_last(heard: Academy, calendar: SeenCalendar) -> None:
    everybody_answers(calendar, heard)
    decide(calendar, heard, 2, "attending")
    client = Client()
    client.force_login(heard.add_person("Sam", is_staff=True, is_superuser=True))
    page = client.get("/admin/calendarsync/observedrsvp/?q=ada").content.decode()
    assert re.findall(r'field-own">(\w*)', page).count("not_attending") == 1
    assert answers("Ada")[2] == "attending", "what was decided since is kept apart"


def test_the_cost_of_reading_answers_does_not_grow_with_the_groups(
    heard: Academy, calendar: SeenCalendar
) -> None:
    def queries_for(*names: str) -> list[str]:
        ObservedRsvp.objects.all().delete()
        groups = [heard.groups[name] for name in names]
        changes = CalendarChanges({calendar.series_id(group): () for group in groups})
        now = calendar.now  # may read the clock's offset from the database
        with CaptureQueriesContext(connection) as captured:
            record_rsvps(observed, changes, now)
        assert ObservedRsvp.objects.count() == 8 * len(names)
        return [query["sql"][:120] for query in captured]

    calendar.respond(person("Ada"), "accepted", heard.groups["A"])
    listen(calendar)
    copies = (read_event(body) for body in CalendarCopy.objects.values_list("body", flat=True))
    observed = ObservedCalendar({event.id: event for event in copies})
    one, three = queries_for("A"), queries_for("A", "B", "C")
    assert len(one) == len(three), "\n".join([*one, "", *three])
    assert not any("calendarcopy" in query for query in one), "the observation has them all"
    assert Meeting.objects.count() == 12


@pytest.mark.parametrize("last", ["accepted", "tentative"])
@in_pairs
def test_c5_the_last_answer_to_the_series_counts_for_a_week_that_a_guest_joined(
    realized: Academy, calendar: SeenCalendar, last: str
) -> None:
    group, ada = realized.groups["A"], User.objects.get(name="Ada")
    calendar.respond(ada, "accepted", group)
    calendar.look()
    book(realized, calendar, "Bea", "A", 2)
    calendar.look()
    for answer in ("declined", last):
        calendar.move_clock(calendar.now + timedelta(minutes=5))
        calendar.respond(ada, answer, group)
        calendar.look()
    rsvps = Attendance.objects.filter(user=ada, meeting__group=group).values_list("rsvp", flat=True)
    assert set(rsvps) == {"attending" if last == "accepted" else "tentative"}
