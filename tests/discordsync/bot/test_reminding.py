"""The buttons under a reminder: whose answer it is, and what follows from it."""

from __future__ import annotations

import pytest

from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.services.booking import book_visit
from meetings.models import Attendance
from tests.discordsync.bot.conftest import STRANGER, asks, booking


@pytest.fixture
def alice(add):
    return add("Alice", "A", timezone="Europe/Berlin")


def answer_of(person, meeting) -> str:
    return Attendance.objects.get(user=person, meeting=meeting).rsvp


@pytest.mark.parametrize(
    ("word", "rsvp", "said"),
    [
        ("yes", "attending", "You're coming: Sat 6 Mar, 19:00 – 20:00 (Europe/Berlin), Group A"),
        ("maybe", "tentative", "You might come: Sat 6 Mar"),
        ("no", "not_attending", "You can't come: Sat 6 Mar"),
    ],
)
def test_each_button_writes_its_answer(academy, alice, ask, word, rsvp, said):
    meeting = academy.meeting("A")
    for _ in range(2):
        assert said in ask(alice, "say", meeting.pk, word).text
    assert answer_of(alice, meeting) == rsvp
    assert Attendance.objects.count() == 1


def test_who_cant_come_is_offered_the_alternatives_there_and_then(academy, alice, ask):
    meeting = academy.meeting("A")
    answer = ask(alice, "say", meeting.pk, "no")
    assert asks(answer) == [
        booking(meeting, academy.meeting("B")),
        booking(meeting, academy.meeting("C")),
    ]


def test_another_person_who_presses_in_the_channel_gets_a_kind_answer(academy, alice, add, ask):
    bob = add("Bob", "B")
    said = ask(bob, "say", academy.meeting("A").pk, "yes").text
    assert "not one of your meetings" in said
    assert "I don't know your Discord account" in ask(STRANGER, "say", 1, "yes").text
    assert not Attendance.objects.exists()


def test_a_substitute_is_shown_where_to_say_that_they_cannot_lead(academy, alice, add, ask, now):
    meeting, bob = academy.meeting("A"), add("Bob", "B")
    led = Substitution.objects.create(
        meeting=meeting, away=alice, chosen_start=meeting.starts_at, requested_at=now
    )
    SubstituteOffer.objects.create(
        substitution=led, user=bob, offered_at=now, answer="yes", answered_at=now
    )
    answer = ask(bob, "say", meeting.pk, "no")
    assert "You lead this meeting as a substitute" in answer.text
    [page] = answer.buttons
    assert page.url.endswith(f"/substitutes/{led.pk}/")
    assert not Attendance.objects.exists()


def test_a_guest_who_declines_keeps_the_visit_and_is_asked(academy, alice, ask, now):
    home, host = academy.meeting("A"), academy.meeting("B")
    visit = book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    answer = ask(alice, "say", host.pk, "no")
    assert "Your visit stays booked until you cancel it" in answer.text
    assert ("cancel", host.pk) in asks(answer)
    visit.refresh_from_db()
    assert visit.is_open
    assert answer_of(alice, host) == "not_attending"


def test_who_visits_elsewhere_must_cancel_that_before_coming_home(academy, alice, ask, now):
    home, host = academy.meeting("A"), academy.meeting("B")
    book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)
    answer = ask(alice, "say", home.pk, "yes")
    assert ("cancel", host.pk) in asks(answer)
    assert answer_of(alice, home) == "not_attending"


def test_a_made_up_value_is_refused(academy, alice, ask):
    ask(alice, "say", academy.meeting("A").pk, "never")
    assert not Attendance.objects.exists()
