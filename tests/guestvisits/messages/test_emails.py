"""What the guest reads by e-mail: the visit is booked, is cancelled, or broke and what is left."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Cohort, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import message_sources
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership, move_member
from guestvisits.models import GuestVisit
from guestvisits.selectors import UNASKED_ENDS
from guestvisits.services.booking import book_visit_for
from guestvisits.services.cancelling import cancel_visit, cancel_visit_for
from guestvisits.services.updating import update_all_visits
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _emails_alone(registered, settings) -> None:
    registered.only(message_sources, "visits")
    settings.SITE_URL = "https://lens.example"


# -- booked --------------------------------------------------------------------------------------


def test_a_booking_is_confirmed_at_once_in_the_guests_own_time(academy, book, new_kinds, read, now):
    User.objects.filter(name="Ada").update(timezone="Asia/Tokyo", discord_id=200000000000000001)
    book()
    assert new_kinds(now) == ["visit_booked"]
    words = read("visit_booked", now)
    assert words.subject == "You're visiting Group B in week 1"
    assert "(Asia/Tokyo)" in words.text
    assert "You get access to its channels on Discord now." in words.text
    assert "in place of the meeting of Group A" in words.text
    assert "https://lens.example/meetings/" in words.text
    assert '<a href="https://lens.example/meetings/">' in words.html


def test_a_guest_without_a_discord_account_is_promised_no_access(
    academy, book, new_kinds, read, now
):
    book()
    new_kinds(now)
    words = read("visit_booked", now)
    assert "We do not have your Discord account" in words.text
    assert "We do not have your Discord account" in words.html


def test_an_early_booking_says_from_when_there_is_access(academy, book, new_kinds, read, now):
    User.objects.filter(name="Ada").update(discord_id=200000000000000001)
    book(number=2)
    new_kinds(now)
    begins = academy.meeting("B", 2).starts_at - 6 * DAY
    when = f"{begins:%A} {begins.day} {begins:%B %Y, %H:%M} (UTC)"
    line = f"You will have access to its channels on Discord from {when}."
    assert line in read("visit_booked", now).text


def test_a_booking_by_staff_says_so(academy, new_kinds, read, now):
    sue = academy.add_person("Sue", is_staff=True)
    book_visit_for(
        User.objects.get(name="Ada").pk,
        home_meeting_id=academy.meeting("A").pk,
        host_meeting_id=academy.meeting("B").pk,
        by=sue.pk,
        now=now,
    )
    new_kinds(now)
    assert "The staff have booked a visit for you" in read("visit_booked", now).text


def test_a_booking_is_not_confirmed_once_the_meeting_has_begun(academy, book, new_kinds, now):
    book()
    assert new_kinds(academy.meeting("B").starts_at) == []


# -- cancelled -----------------------------------------------------------------------------------


def test_a_cancelled_visit_is_confirmed_and_names_the_home_meeting(
    academy, book, new_kinds, read, now
):
    visit = book()
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now + MINUTE)
    assert new_kinds(now + MINUTE) == ["visit_cancelled"]
    words = read("visit_cancelled", now + MINUTE)
    assert words.subject == "Your visit to Group B is cancelled"
    assert "Group A meets on" in words.text
    assert "Group A</bdi> meets on" in words.html


@pytest.mark.matrix
def test_a_home_meeting_that_is_over_is_not_named(academy, book, new_kinds, read, now):
    visit = book()
    later = academy.meeting("A").starts_at + MINUTE
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=later)
    new_kinds(later)
    assert "meets on" not in read("visit_cancelled", later).text


def test_a_confirmation_that_was_not_sent_gives_way_to_the_cancellation(
    academy, book, new_kinds, now
):
    visit = book()
    new_kinds(now)
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now + MINUTE)
    assert new_kinds(now + MINUTE) == ["visit_cancelled"]


def test_o11_a_visit_cancelled_in_a_long_downtime_has_a_row_that_says_why_nothing_was_sent(
    academy, book, new_kinds, now
):
    visit = book()
    assert new_kinds(now) == ["visit_booked"]
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now + MINUTE)

    assert new_kinds(now + 2 * DAY + 2 * MINUTE) == []

    row = Message.objects.get(kind="visit_cancelled")
    assert (row.state, row.user, row.group) == ("expired", visit.user, academy.groups["B"])
    assert "could not be sent in time: no worker created messages" in row.not_sent_reason


# -- broken --------------------------------------------------------------------------------------


def move_host(academy, visit, now):
    move_meeting(visit.host_meeting_id, starts_at=now + 2 * DAY, now=now)


def cancel_host(academy, visit, now):
    cancel_meeting(visit.host_meeting_id, now=now)


def end_host_group(academy, visit, now):
    end_group(academy.groups["B"].pk, status="cancelled", now=now)


def merge_home_group(academy, visit, now):
    end_group(academy.groups["A"].pk, status="merged", now=now)


def end_cohort(academy, visit, now):
    Cohort.objects.update(status="cancelled")


def join_host_group(academy, visit, now):
    move_member(visit.user.memberships.get().pk, academy.groups["B"].pk, now=now)


def cancel_by_staff(academy, visit, now):
    cancel_visit_for(visit.pk, by=visit.user_id, now=now)


BREAKS = {
    "host_moved": (move_host, "moved to another time", True),
    "host_cancelled": (cancel_host, "meeting was cancelled", True),
    "host_group_ended": (end_host_group, "group has ended", True),
    "home_group_ended": (merge_home_group, "own group has ended", False),
    "cancelled_by_staff": (cancel_by_staff, "staff cancelled", True),
    "cohort_ended": (end_cohort, "cohort has ended", False),
    "became_member": (join_host_group, "are now a member of the group", False),
}


def test_every_end_that_the_guest_did_not_cause_is_announced():
    assert BREAKS.keys() == UNASKED_ENDS


@pytest.mark.parametrize(("reason", "broken"), BREAKS.items())
def test_a_broken_visit_is_announced_with_its_reason_and_what_is_left(
    academy, book, new_kinds, read, now, reason, broken
):
    breaks, sentence, has_choice = broken
    visit = book()
    Message.objects.all().delete()
    breaks(academy, visit, now)
    update_all_visits(now)
    visit.refresh_from_db()
    assert visit.end_reason == reason

    assert new_kinds(now) == ["visit_broken"]
    words = read("visit_broken", now)
    assert words.subject == "Your visit to Group B in week 1 has ended"
    assert sentence in words.text
    assert sentence in words.html
    address = f"https://lens.example/meetings/{visit.home_meeting_id}/alternatives/"
    assert (address in words.text) == (address in words.html) == has_choice
    assert ("- Group C: " in words.text) == has_choice


def test_c8_a_guest_who_is_given_a_new_group_before_the_merge_keeps_the_visit(
    academy, book, new_kinds, now
):
    visit = book()
    membership = visit.user.memberships.get()
    move_member(membership.pk, academy.groups["C"].pk, now=now)
    end_group(academy.groups["A"].pk, status="merged", now=now)
    update_all_visits(now)
    visit.refresh_from_db()
    assert visit.is_open
    assert visit.home_meeting == academy.meeting("C")
    assert "visit_broken" not in new_kinds(now)


def test_c8_a_guest_without_a_group_after_a_merge_is_notified_that_the_visit_has_ended(
    academy, book, new_kinds, now
):
    visit = book()
    merge_home_group(academy, visit, now)
    update_all_visits(now)
    visit.refresh_from_db()
    assert visit.end_reason == "home_group_ended"
    assert new_kinds(now) == ["visit_broken"]


@pytest.mark.matrix
def test_the_moved_meeting_is_among_what_is_left(academy, book, new_kinds, read, now):
    visit = book()
    move_host(academy, visit, now)
    update_all_visits(now)
    new_kinds(now)
    assert "- Group B: " in read("visit_broken", now).text


@pytest.mark.matrix
def test_where_nothing_is_left_it_says_so(academy, book, new_kinds, read, now):
    visit = book()
    cancel_host(academy, visit, now)
    cancel_meeting(academy.meeting("C").pk, now=now)
    update_all_visits(now)
    new_kinds(now)
    assert "There is no other meeting that week that you can join" in read("visit_broken", now).text


@pytest.mark.matrix
def test_a_guest_who_has_chosen_again_is_not_sent_to_choose(academy, book, new_kinds, now):
    visit = book()
    cancel_host(academy, visit, now)
    update_all_visits(now)
    book("C")
    assert new_kinds(now) == ["visit_booked"]
    assert GuestVisit.objects.filter(end_reason="host_cancelled").count() == 1


@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_a_person_who_left_is_not_notified(academy, book, new_kinds, now, status):
    visit = book()
    end_membership(visit.user.memberships.get().pk, status=status, now=now)
    update_all_visits(now)
    assert new_kinds(now) == []


def test_a_visit_that_is_over_is_no_news(academy, book, new_kinds, now):
    book()
    new_kinds(now)
    end = academy.meeting("B").starts_at + 3 * DAY
    update_all_visits(end)
    assert new_kinds(end) == []


def test_nothing_is_announced_days_after_the_end(academy, book, new_kinds, now):
    visit = book()
    Message.objects.all().delete()
    cancel_host(academy, visit, now)
    update_all_visits(now)
    assert new_kinds(now + 2 * DAY) == []


def test_names_cannot_write_html(academy, book, new_kinds, read, now):
    academy.groups["B"].name = "<script>alert(1)</script>"
    academy.groups["B"].save()
    book()
    new_kinds(now)
    html = read("visit_booked", now).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
