"""Requesting a substitute, the answers, and what becomes of it."""

from datetime import timedelta

import pytest

from cohorts.errors import Refusal
from cohorts.models import Membership, User
from cohorts.outbox.models import MessageChoice
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from guestvisits.models import GuestVisit, SubstituteOffer, Substitution
from guestvisits.substitutes.facts import rank_candidates
from guestvisits.substitutes.selectors import find_substitute
from guestvisits.substitutes.services import (
    answer_offer,
    name_substitute,
    request_substitute,
    return_to_lead,
    update_all_substitutions,
)
from guestvisits.windows import access_windows
from meetings.attendance.ledger import count_attendance
from meetings.models import Attendance, Meeting
from meetings.moving.moves import Cancel, Move, Reschedule
from meetings.moving.preview import preview_move
from meetings.rsvps import set_rsvp
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.refused_rows import forbid_writing

HOUR = timedelta(hours=1)


def offer_to(person: User) -> SubstituteOffer:
    return SubstituteOffer.objects.get(user=person, substitution__ended_at__isnull=True)


def refused(function, *args, **kwargs) -> str:
    with pytest.raises(Refusal) as caught:
        function(*args, **kwargs)
    return caught.value.code


def test_asking_declines_the_meeting_and_asks_three_once(world):
    for _ in range(2):  # a second click
        found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    assert Substitution.objects.get() == found
    assert Attendance.objects.get(user=world.fay).rsvp == "not_attending"
    assert [offer.user for offer in found.offers.all()] == world.helpers[:3]
    update_all_substitutions(world.now + 4 * HOUR - timedelta(seconds=1))
    assert found.offers.count() == 3
    update_all_substitutions(world.now + 4 * HOUR)
    assert found.offers.count() == 4


@pytest.mark.matrix
def test_the_preview_of_a_move_names_the_substitute_who_is_released(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    offer = found.offers.first()
    answer_offer(offer.pk, offer.user_id, leads=True, now=world.now)
    start = world.meeting.starts_at

    def substitutes(move: Move) -> list[int]:
        affected = preview_move(move, now=world.now).affected
        return [one.user_id for one in affected if one.role == "substitute"]

    assert substitutes(Cancel(world.meeting.pk)) == [offer.user_id]
    assert substitutes(Reschedule(world.meeting.pk, start + HOUR)) == [offer.user_id]
    assert substitutes(Reschedule(world.meeting.pk, start, 90)) == [], "they lead a longer meeting"


def test_it_is_refused_to_everyone_but_the_meetings_facilitator_when_no_one_else_comes(world):
    learner = world.academy.add_member("Lea", "A")
    for person in (learner, world.helpers[0]):
        assert refused(request_substitute, world.meeting.pk, person.pk, now=world.now) == (
            "no_meeting"
        )
    second = world.lead("Fred", "A")
    request = (request_substitute, world.meeting.pk, world.fay.pk)
    assert refused(*request, now=world.now) == "other_facilitator"
    assert not Attendance.objects.exists()
    set_rsvp(world.meeting.pk, second.pk, "not_attending", now=world.now)
    assert request_substitute(world.meeting.pk, world.fay.pk, now=world.now).is_open
    begun = world.academy.meeting("A", 2)
    assert refused(request_substitute, begun.pk, second.pk, now=begun.starts_at) == (
        "other_facilitator"
    )
    set_rsvp(begun.pk, world.fay.pk, "not_attending", now=world.now)
    assert refused(request_substitute, begun.pk, second.pk, now=begun.starts_at) == "meeting_begun"


def test_who_is_asked_follows_from_what_is_stored(world):
    away, off, absent, far, member, guest, free = (
        world.lead("Away", "B"),
        world.lead("Off", "C"),
        world.lead("Absent", "C"),
        world.lead("Far", "C", timezone="Pacific/Auckland"),
        world.lead("Member", "C"),
        world.lead("Guest", "C"),
        world.helpers[0],
    )
    User.objects.filter(pk__in=[p.pk for p in world.helpers[1:]]).update(is_active=False)
    b = world.academy.meeting("B")
    Meeting.objects.filter(pk=b.pk).update(starts_at=world.meeting.ends_at + timedelta(minutes=10))
    MessageChoice.objects.create(user=off, topic="substitutes", route="off")
    absent.access_states.update(state="not_joined")
    Membership.objects.create(user=member, group=world.academy.groups["A"])
    d = world.academy.meeting("D")
    Meeting.objects.filter(pk=d.pk).update(starts_at=world.meeting.starts_at)
    GuestVisit.objects.create(
        user=guest, home_meeting=world.academy.meeting("C"), host_meeting=d, booked_by=guest
    )
    world.meeting.refresh_from_db()
    ranked = rank_candidates(world.meeting, world.now)
    assert ranked == [free.pk]
    assert not {away.pk, far.pk} & set(ranked)


def test_the_first_yes_gets_it_and_repeating_changes_nothing(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first, second, third = world.helpers[:3]
    answer_offer(offer_to(third).pk, third.pk, leads=False, now=world.now)
    for _ in range(2):
        led = answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    assert find_substitute(led.substitution) == led
    late = (answer_offer, offer_to(second).pk, second.pk)
    assert refused(*late, leads=True, now=world.now) == "taken"
    assert refused(answer_offer, offer_to(second).pk, third.pk, leads=True, now=world.now) == (
        "no_offer"
    )
    update_all_substitutions(world.now + 5 * HOUR)
    assert led.substitution.offers.count() == 3  # no one else is asked
    [window] = access_windows(None, world.now)
    assert (window.user_id, window.leads, window.begins_at) == (first.pk, True, world.now)
    assert window.ends_at == world.meeting.ends_at + 24 * HOUR


def test_a_substitute_is_in_no_attendance_figure(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    answer_offer(offer_to(world.helpers[0]).pk, world.helpers[0].pk, leads=True, now=world.now)
    assert set(Attendance.objects.values_list("user", flat=True)) == {world.fay.pk}
    after = world.meeting.ends_at
    assert world.helpers[0].pk not in {
        user for _, user in count_attendance([world.meeting.group_id], after)
    }


def test_offers_end_an_hour_before_and_a_yes_needs_free_time(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first, second = world.helpers[:2]
    late = (answer_offer, offer_to(first).pk, first.pk)
    assert refused(*late, leads=True, now=world.before(hours=1)) == "too_late"
    c = world.academy.meeting("C")
    Meeting.objects.filter(pk=c.pk).update(starts_at=world.meeting.starts_at)
    assert refused(answer_offer, offer_to(second).pk, second.pk, leads=True, now=world.now) == (
        "busy"
    )


def test_a_substitute_who_withdraws_loses_access_at_once_and_the_search_goes_on(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    offer = answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    answer_offer(offer.pk, first.pk, leads=False, now=world.now + 5 * HOUR)
    assert not any(window.holds(world.now + 5 * HOUR) for window in _windows(world))
    assert offer.substitution.offers.count() == 4
    assert refused(answer_offer, offer.pk, first.pk, leads=True, now=world.now + 5 * HOUR) == "over"


def _windows(world):
    return [window for window in access_windows(None, world.now) if window.leads]


def test_a_facilitator_who_answers_that_they_come_ends_the_search_in_time(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    set_rsvp(world.meeting.pk, world.fay.pk, "attending", now=world.now + HOUR)
    update_all_substitutions(world.before(minutes=119))
    assert find_substitute(found).user == first
    update_all_substitutions(world.before(hours=2))
    found.refresh_from_db()
    assert found.end_reason == "returned"
    assert find_substitute(found) is None


@pytest.mark.matrix
def test_a_second_facilitator_is_told_that_a_substitute_is_looked_for_already(world):
    second = world.lead("Fred", "A")
    set_rsvp(world.meeting.pk, second.pk, "not_attending", now=world.now)
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    assert refused(request_substitute, world.meeting.pk, second.pk, now=world.now) == (
        "already_requested"
    )


def test_one_substitution_that_cannot_be_updated_does_not_stop_the_next(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    other = world.academy.meeting("C", 2)
    for helper in world.helpers[1:]:
        set_rsvp(other.pk, helper.pk, "not_attending", now=world.now)
    second = request_substitute(other.pk, world.helpers[0].pk, now=world.now)
    Meeting.objects.filter(pk__in=[world.meeting.pk, other.pk]).update(status="cancelled")
    with forbid_writing("guestvisits_substitution", found.pk):
        assert update_all_substitutions(world.now) == 1
    second.refresh_from_db()
    assert second.end_reason == "meeting_cancelled"
    assert update_all_substitutions(world.now) == 1


def test_waiting_for_answers_costs_few_queries(world, django_assert_max_num_queries):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    with django_assert_max_num_queries(13):
        update_all_substitutions(world.now + HOUR)


def test_the_facilitator_returns_until_two_hours_before(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    back = (return_to_lead, found.pk)
    assert refused(*back, first.pk, now=world.now) == "no_substitution"
    assert refused(*back, world.fay.pk, now=world.before(minutes=119)) == "too_late"
    return_to_lead(found.pk, world.fay.pk, now=world.before(hours=2))
    found.refresh_from_db()
    assert found.end_reason == "returned"
    assert Attendance.objects.get(user=world.fay).rsvp == "attending"
    assert not any(window.holds(world.before(hours=2)) for window in _windows(world))


def test_a_moved_meeting_ends_it_and_the_same_person_is_asked_first(world):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    second = world.helpers[1]
    answer_offer(offer_to(second).pk, second.pk, leads=True, now=world.now)
    later = world.meeting.starts_at + timedelta(hours=1)
    move_meeting(world.meeting.pk, starts_at=later, now=world.now)
    update_all_substitutions(world.now)
    ended, fresh = Substitution.objects.order_by("pk")
    assert ended.end_reason == "meeting_moved"
    assert not any(window.holds(world.now) for window in _windows(world))
    assert [offer.user for offer in fresh.offers.all()] == [second]
    answer_offer(fresh.offers.get().pk, second.pk, leads=True, now=world.now)
    cancel_meeting(world.meeting.pk, now=world.now)
    update_all_substitutions(world.now)
    fresh.refresh_from_db()
    assert fresh.end_reason == "meeting_cancelled"


@pytest.mark.matrix
def test_a_closed_account_leads_nothing(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    User.objects.filter(pk=first.pk).update(is_active=False)
    update_all_substitutions(world.now + 5 * HOUR)
    assert find_substitute(found) is None
    assert found.offers.count() == 4


def leave(person: User, now, status: str = "dropped") -> None:
    end_membership(person.memberships.get(status="active").pk, status=status, now=now)


@pytest.mark.matrix
@pytest.mark.parametrize("status", ["dropped", "removed"])
def test_who_leads_no_group_any_more_cannot_say_yes(world, status):
    request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    leave(first, world.now, status)
    late = (answer_offer, offer_to(first).pk, first.pk)
    assert refused(*late, leads=True, now=world.now) == "not_able"
    assert _windows(world) == []


@pytest.mark.matrix
def test_a_substitute_who_leaves_the_course_leads_nothing(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    leave(first, world.now)
    update_all_substitutions(world.now + 5 * HOUR)
    assert find_substitute(found) is None
    assert not any(window.holds(world.now + 5 * HOUR) for window in _windows(world))


@pytest.mark.matrix
def test_a_substitute_whose_own_group_ended_leads_as_promised(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    first = world.helpers[0]
    answer_offer(offer_to(first).pk, first.pk, leads=True, now=world.now)
    end_group(world.academy.groups["C"].pk, status="cancelled", now=world.now)
    update_all_substitutions(world.now + 5 * HOUR)
    assert find_substitute(found).user == first


def test_staff_name_someone_and_it_is_over_a_day_after(world):
    found = request_substitute(world.meeting.pk, world.fay.pk, now=world.now)
    staff = world.academy.add_person("Sam", is_staff=True)
    name = (name_substitute, found.pk)
    assert refused(*name, world.fay.pk, by=staff.pk, now=world.now) == "not_able"
    last = world.helpers[3]
    name_substitute(found.pk, last.pk, by=staff.pk, now=world.before(minutes=30))
    assert refused(*name, world.helpers[0].pk, by=staff.pk, now=world.now) == "taken"
    over = world.meeting.ends_at + 24 * HOUR
    assert any(window.holds(over - timedelta(seconds=1)) for window in _windows(world))
    assert not any(window.holds(over) for window in _windows(world))
    update_all_substitutions(over)
    found.refresh_from_db()
    assert found.end_reason == "over"
    assert find_substitute(found).user == last  # it stays known who led it
