"""What the two groups read about a visit, and what they do not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import Cohort, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_sources
from cohorts.outbox.services import delete_old
from cohorts.services.memberships import move_member
from guestvisits.models import GuestVisit
from guestvisits.services.cancelling import cancel_visit, cancel_visit_for
from guestvisits.services.updating import update_all_visits, update_visits
from meetings.rsvps import set_rsvp
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _channels_alone(registered) -> None:
    registered.only(
        message_sources,
        "posts to host groups",
        "posts to home groups",
    )


def send_all() -> None:
    Message.objects.filter(state="pending").update(state="sent")


def cancel(visit: GuestVisit, now) -> None:
    cancel_visit(visit.user_id, host_meeting_id=visit.host_meeting_id, now=now)


# -- when ----------------------------------------------------------------------------------------


def test_a_late_booking_is_announced_to_both_groups_at_once(academy, book, new_kinds, now):
    book()
    assert new_kinds(now) == ["guest_joins", "member_away"]
    said = {m.kind: m.group.name for m in Message.objects.select_related("group")}
    assert said == {"guest_joins": "Group B", "member_away": "Group A"}


def test_an_early_booking_is_announced_when_access_begins(academy, book, new_kinds, now):
    book(number=2)
    host, home = academy.meeting("B", 2).starts_at, academy.meeting("A", 2).starts_at
    assert new_kinds(now) == []
    assert new_kinds(home - 6 * DAY - MINUTE) == []
    assert new_kinds(home - 6 * DAY) == ["member_away"]
    assert new_kinds(host - 6 * DAY - MINUTE) == []
    assert new_kinds(host - 6 * DAY) == ["guest_joins"]


def test_a_guest_who_has_declined_is_announced_only_if_they_change_their_mind(
    academy, book, new_kinds, now
):
    visit, host = book(number=2), academy.meeting("B", 2)
    begins = host.starts_at - 6 * DAY
    set_rsvp(host.pk, visit.user_id, "not_attending", now=now + MINUTE)
    assert "guest_joins" not in new_kinds(begins)
    set_rsvp(host.pk, visit.user_id, "attending", now=begins + MINUTE)
    assert new_kinds(begins + 2 * MINUTE) == ["guest_joins"]


def test_each_is_announced_once_even_if_collected_again(academy, book, new_kinds, now):
    book()
    assert len(new_kinds(now)) == 2
    assert new_kinds(now) == []
    collect([group.pk for group in academy.groups.values()], now=now)
    assert Message.objects.count() == 2


def test_the_farewell_comes_some_minutes_before_access_ends(academy, book, new_kinds, now):
    book()
    new_kinds(now)
    send_all()
    end = academy.meeting("B").starts_at + 3 * DAY
    assert new_kinds(end - 6 * MINUTE) == []
    assert new_kinds(end - 5 * MINUTE) == ["guest_leaves"]
    update_all_visits(end)
    assert new_kinds(end) == []


@pytest.mark.matrix
def test_a_farewell_that_could_not_be_sent_is_pending_over_a_weekend(academy, book, new_kinds, now):
    book()
    new_kinds(now)
    send_all()
    end = academy.meeting("B").starts_at + 3 * DAY
    update_all_visits(end + 2 * DAY)
    assert new_kinds(end + 3 * DAY - MINUTE) == ["guest_leaves"]
    assert Message.objects.get(kind="guest_leaves").cutoff_at == end + 3 * DAY


def test_a_visit_cancelled_before_its_access_began_is_no_news(academy, book, new_kinds, now):
    visit = book(number=2)
    new_kinds(now)
    cancel(visit, now + DAY)
    assert new_kinds(academy.meeting("B", 2).starts_at - 5 * DAY) == []
    assert Message.objects.count() == 0


def test_a_visit_cancelled_later_ends_with_a_farewell_at_once(academy, book, new_kinds, now):
    visit = book()
    new_kinds(now)
    send_all()
    cancel(visit, now + MINUTE)
    assert new_kinds(now + MINUTE) == ["guest_leaves"]


def test_no_farewell_from_a_guest_who_was_never_announced_to_the_group(
    academy, book, new_kinds, now
):
    visit = book()
    assert "guest_joins" in new_kinds(now)
    cancel(visit, now + MINUTE)
    assert new_kinds(now + MINUTE) == []
    states = dict(Message.objects.values_list("kind", "state"))
    assert states == {"guest_joins": "dropped", "guest_leaves": "dropped", "member_away": "dropped"}


def test_a_greeting_that_perhaps_arrived_is_followed_by_a_farewell(academy, book, new_kinds, now):
    visit = book()
    new_kinds(now)
    Message.objects.filter(kind="guest_joins").update(state="sending", body="…")
    cancel(visit, now + MINUTE)
    assert new_kinds(now + MINUTE) == ["guest_leaves"]


def test_two_visits_to_one_group_in_a_row_end_with_one_farewell(academy, book, new_kinds, now):
    book(number=1)
    book(number=2)
    first, second = (academy.meeting("B", n).starts_at for n in (1, 2))
    new_kinds(now)
    send_all()
    assert "guest_joins" in new_kinds(second - 6 * DAY)
    send_all()
    for moment in (first + 3 * DAY - 5 * MINUTE, first + 3 * DAY):
        assert new_kinds(moment) == []
    update_all_visits(first + 3 * DAY)
    assert new_kinds(first + 3 * DAY + MINUTE) == []
    assert new_kinds(second + 3 * DAY - 5 * MINUTE) == ["guest_leaves"]


@pytest.mark.matrix
def test_another_guests_visit_holds_up_nobodys_farewell(academy, book, new_kinds, now):
    visit = book(name="Ada")
    book(name="Alan")
    new_kinds(now)
    send_all()
    cancel(visit, now + MINUTE)
    assert new_kinds(now + MINUTE) == ["guest_leaves"]


@pytest.mark.matrix
def test_who_becomes_a_member_says_no_farewell(academy, book, new_kinds, now):
    visit = book()
    new_kinds(now)
    send_all()
    move_member(visit.user.memberships.get().pk, academy.groups["B"].pk, now=now)
    update_visits([academy.groups["B"].pk], now=now + MINUTE)
    visit.refresh_from_db()
    assert visit.end_reason == "became_member"
    assert new_kinds(now + MINUTE) == []
    assert new_kinds(academy.meeting("B").starts_at + 3 * DAY) == []


@pytest.mark.matrix
def test_a_moved_meeting_ends_with_a_farewell_though_its_new_window_is_far_away(
    academy, book, new_kinds, now
):
    visit = book()
    new_kinds(now)
    send_all()
    move_meeting(visit.host_meeting_id, starts_at=now + 20 * DAY, now=now + MINUTE)
    update_all_visits(now + MINUTE)
    assert new_kinds(now + MINUTE) == ["guest_leaves"]


def test_no_one_is_greeted_after_the_meeting(academy, book, new_kinds, now):
    book()
    assert new_kinds(academy.meeting("B").ends_at) == []


def test_no_one_is_missed_once_the_home_meeting_has_begun(academy, book, new_kinds, now):
    book()
    assert new_kinds(academy.meeting("A").starts_at) == ["guest_joins"]


@pytest.mark.matrix
def test_a_guest_who_changes_groups_is_missed_by_the_new_one(academy, book, new_kinds, now):
    visit = book()
    new_kinds(now)
    move_member(visit.user.memberships.get().pk, academy.groups["C"].pk, now=now)
    update_all_visits(now)
    assert new_kinds(now) == ["member_away"]
    states = {m.group.name: m.state for m in Message.objects.filter(kind="member_away")}
    assert states == {"Group A": "dropped", "Group C": "pending"}


def test_no_one_is_missed_at_a_cancelled_meeting(academy, book, new_kinds, now):
    book()
    cancel_meeting(academy.meeting("A").pk, now=now)
    assert new_kinds(now) == ["guest_joins"]


def test_nothing_from_before_the_cohort_was_known_here_is_pending(academy, book, new_kinds, now):
    book()
    Cohort.objects.update(first_known_at=now + DAY)
    assert new_kinds(now + DAY) == []


@pytest.mark.matrix
def test_what_was_deleted_is_not_announced_again(academy, book, new_kinds, now):
    book()
    new_kinds(now)
    long_after = now + 400 * DAY
    update_all_visits(long_after)
    assert delete_old(long_after) == 2
    assert new_kinds(long_after) == []


@pytest.mark.parametrize("guests", [in_matrix(1), 30])
def test_any_number_of_visits_is_one_query_a_source(
    academy, now, guests, settings, django_assert_num_queries
):
    from guestvisits.messages.channel_posts import pending_home_posts, pending_host_posts

    for number in range(guests):
        GuestVisit.objects.create(
            user=academy.add_member(f"Guest {number}", "A"),
            home_meeting=academy.meeting("A"),
            host_meeting=academy.meeting("B"),
        )
    with django_assert_num_queries(2):
        assert len(list(pending_host_posts(None, now, now))) == 2 * guests
        assert len(list(pending_home_posts(None, now, now))) == guests


# -- what ----------------------------------------------------------------------------------------


def test_the_text(academy, book, new_kinds, read, now):
    visit = book()
    new_kinds(now)
    host, home = academy.meeting("B").starts_at, academy.meeting("A").starts_at
    assert read("guest_joins", now).text == (
        "**Ada** is joining this week's meeting as a guest from **Group A** "
        f"(<t:{int(host.timestamp())}:F>)."
    )
    assert read("member_away", now).text == (
        f"**Ada** is away from our meeting on <t:{int(home.timestamp())}:F> and visits "
        "**Group B** that week."
    )
    send_all()
    cancel_visit_for(visit.pk, by=visit.user_id, now=now)
    new_kinds(now)
    assert read("guest_leaves", now).text == (
        "**Ada** from **Group A** is not joining our meeting as a guest after all."
    )


@pytest.mark.matrix
def test_the_text_of_a_farewell_after_the_meeting(academy, book, new_kinds, read, now):
    book()
    new_kinds(now)
    send_all()
    end = academy.meeting("B").starts_at + 3 * DAY
    new_kinds(end - MINUTE)
    farewell = "**Ada**'s guest visit has ended."
    assert read("guest_leaves", end - MINUTE).text == farewell
    update_all_visits(end)
    assert read("guest_leaves", end + MINUTE).text == farewell


def test_a_name_pings_no_one(academy, book, new_kinds, read, now):
    User.objects.filter(name="Ada").update(nickname="@everyone <@200000000000000001>")
    book()
    new_kinds(now)
    for kind in ("guest_joins", "member_away"):
        text = read(kind, now).text
        assert "@everyone" not in text
        assert "<@" not in text


@pytest.mark.matrix
def test_a_visit_that_is_gone_from_the_database_is_not_spoken_of(
    academy, book, new_kinds, read, now
):
    book()
    new_kinds(now)
    GuestVisit.objects.all().delete()
    with pytest.raises(MessageObsolete):
        read("guest_joins", now)
