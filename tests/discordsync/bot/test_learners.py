"""What learners are answered: the same facts, services and refusals as on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Cohort, User
from guestvisits.models import GuestVisit
from meetings.models import Attendance
from tests.discordsync.bot.conftest import STRANGER, asks, booking, labels
from tests.support.moves import cancel_meeting, move_meeting


@pytest.fixture
def alice(add):
    return add("Alice", "A", timezone="Europe/Berlin")


def answer_of(person: User, meeting) -> str:
    return Attendance.objects.get(user=person, meeting=meeting).rsvp


def test_my_meetings_are_shown_in_my_own_zone_which_is_named(academy, alice, ask):
    said = ask(alice, "meetings").text
    assert "times in Europe/Berlin" in said
    assert "Sat 6 Mar, 19:00 – 20:00, Group A, week 1: you have not answered yet" in said
    assert said.count("Group A, week") == 4


def test_each_time_is_shown_as_the_readers_clock_will_show_it(alice, ask):
    User.objects.update(timezone="America/New_York")
    said = ask(alice, "meetings").text
    assert "times in America/New York" in said
    assert "Sat 6 Mar, 13:00" in said
    assert "Sat 20 Mar, 14:00" in said  # summer time began there on the 14th


def test_an_unknown_account_gets_instructions_and_changes_nothing(academy, ask):
    for verb in ("meetings", "away", "choose"):
        said = ask(STRANGER, verb).text
        assert "I don't know your Discord account yet" in said
        assert "/meetings/" in said
    assert "I don't know" in ask(STRANGER, "book", 1, 2, 3).text
    assert not GuestVisit.objects.exists()


def test_a_person_whose_account_is_closed_is_unknown(alice, ask):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert "I don't know your Discord account" in ask(alice, "meetings").text


def test_a_person_without_meetings_sees_why(academy, ask):
    bob = academy.add_person("Bob", discord_id=STRANGER)
    assert "not in a group yet" in ask(bob, "meetings").text
    assert "not in a group yet" in ask(bob, "away").text


def test_who_cant_attend_is_shown_the_other_groups_of_the_same_week(academy, alice, ask):
    answer = ask(alice, "away")
    home = academy.meeting("A")
    assert "Sun 7 Mar, 19:01 – 20:01, Group B" in answer.text
    assert asks(answer) == [
        booking(home, academy.meeting("B")),
        booking(home, academy.meeting("C")),
        ("say", home.pk, "no"),
        ("choose",),
    ]
    assert labels(answer)[0] == "Sun 7 Mar, 19:01 · Group B"


def test_another_meeting_can_be_chosen(academy, alice, ask):
    weeks = [("cannot", academy.meeting("A", week).pk) for week in (1, 2, 3, 4)]
    assert asks(ask(alice, "choose")) == weeks
    answer = ask(alice, *weeks[2])
    assert booking(academy.meeting("A", 3), academy.meeting("B", 3)) in asks(answer)


def test_one_tap_books_the_visit(academy, alice, ask):
    home, host = academy.meeting("A"), academy.meeting("B")
    answer = ask(alice, *booking(home, host))
    assert "Booked: you're visiting Group B, Sun 7 Mar, 19:01" in answer.text
    visit = GuestVisit.objects.get()
    assert (visit.user, visit.home_meeting, visit.host_meeting) == (alice, home, host)
    assert answer_of(alice, home) == "not_attending"
    assert "you're visiting Group B instead" in ask(alice, "meetings").text


def test_the_same_tap_twice_books_once_and_says_the_same(academy, alice, ask):
    tap = booking(academy.meeting("A"), academy.meeting("B"))
    assert ask(alice, *tap) == ask(alice, *tap)
    assert GuestVisit.objects.count() == 1


def test_a_second_visit_of_the_week_is_refused_as_on_the_page(academy, alice, ask):
    home = academy.meeting("A")
    ask(alice, *booking(home, academy.meeting("B")))
    said = ask(alice, *booking(home, academy.meeting("C"))).text
    assert said == "You are already visiting another group this week. Cancel that visit first."
    assert GuestVisit.objects.count() == 1


def test_a_visit_is_cancelled_with_one_tap_and_the_second_tap_does_nothing(academy, alice, ask):
    home, host = academy.meeting("A"), academy.meeting("B")
    booked = ask(alice, *booking(home, host))
    assert ("cancel", host.pk) in asks(booked)
    assert "is cancelled" in ask(alice, "cancel", host.pk).text
    assert answer_of(alice, home) == "pending"
    assert "ended already" in ask(alice, "cancel", host.pk).text


def test_a_meeting_that_was_just_cancelled_is_no_longer_booked(academy, alice, ask, now):
    home, host = academy.meeting("A"), academy.meeting("B")
    cancel_meeting(host.pk, now=now)
    assert ask(alice, *booking(home, host)).text == "This meeting is cancelled."


def test_c10_a_meeting_that_was_moved_since_the_buttons_were_shown_is_not_booked(
    academy, alice, ask, now
):
    home, host = academy.meeting("A"), academy.meeting("B")
    tap = booking(home, host)
    move_meeting(host.pk, starts_at=host.starts_at + timedelta(hours=3), now=now)
    answer = ask(alice, *tap)
    assert "22:01" in answer.text
    assert asks(answer) == [("cannot", home.pk)]
    assert not GuestVisit.objects.exists()


@pytest.mark.parametrize("start", [0, 2**63 - 1])
def test_c10_a_button_with_a_made_up_time_books_nothing(academy, alice, ask, start):
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    assert "was moved" in ask(alice, "book", home, host, start).text
    assert not GuestVisit.objects.exists()


def test_no_one_books_for_a_group_to_which_they_do_not_belong(academy, alice, add, ask):
    bob = add("Bob", "B")
    said = ask(bob, *booking(academy.meeting("A"), academy.meeting("C"))).text
    assert not GuestVisit.objects.exists()
    assert "meeting" in said


def test_a_facilitator_sees_why_there_is_nowhere_to_go(academy, ask):
    carol = academy.add_facilitator("Carol", "A", discord_id=STRANGER)
    answer = ask(carol, "cannot", academy.meeting("A").pk)
    assert "You facilitate this group" in answer.text
    assert asks(answer) == []


def test_forty_groups_fit_into_what_discord_takes(academy, add, ask, now):
    from discordsync.bot.replies.rendering import render
    from tests.support.academy import Academy

    large = Academy(now, groups=[f"{n:03}" for n in range(40)], name="Large")
    dora = large.add_member("Dora", "000", discord_id=STRANGER)
    body = render(ask(dora, "away"))
    assert len(body["content"]) <= 2000
    assert len(body["components"]) <= 5
    assert all(len(row["components"]) <= 5 for row in body["components"])
    assert Cohort.objects.count() == 2


def test_hostile_names_ping_no_one_and_break_nothing(academy, alice, ask):
    academy.cohort.groups.filter(name="Group B").update(name="**@everyone** <@&1> `x`\n# y")
    answer = ask(alice, "away")
    assert "@everyone" not in answer.text
    assert "<@&" not in answer.text
