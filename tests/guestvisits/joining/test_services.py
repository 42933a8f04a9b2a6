"""Learners join and switch by themselves, in one world, and whoever comes second is refused."""

from datetime import timedelta
from functools import partial

import pytest

from cohorts.errors import Refusal
from cohorts.models import Cohort, Group, Membership
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member, end_membership, move_member
from guestvisits.joining.effects import find_effects
from guestvisits.joining.joinable import find_joinable, may_choose_group
from guestvisits.joining.services import join_or_switch
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from meetings.models import Meeting
from tests.support.academy import Academy
from tests.support.race import DONE, race, tally


@pytest.fixture
def academy(db, now) -> Academy:
    until = now.date() + timedelta(days=2)
    return Academy(now, groups="ABCD", is_joinable=True, switching_until=until)


def shown(person, now) -> dict[str, str]:
    """What is on offer: "own" or "open", by group."""
    return {
        each.choice.group.name[-1]: "own" if each.is_own else "open"
        for cohort in find_joinable(person.pk, now)
        for each in cohort.shown
    }


def groups_of(person) -> list[str]:
    rows = person.memberships.filter(status="active").select_related("group")
    return [row.group.name[-1] for row in rows]


def refused(person, group, now) -> str:
    with pytest.raises(Refusal) as caught:
        join_or_switch(person.pk, group.pk, now=now)
    return caught.value.code


def test_only_groups_with_a_place_and_a_meeting_ahead_are_offered(academy, now):
    alice = academy.add_member("Alice", "A", timezone="Asia/Tokyo")
    academy.add_member("Ben", "B")
    academy.add_facilitator("Fay", "D")
    Group.objects.filter(name="Group B").update(size=1)
    Meeting.objects.filter(group=academy.groups["C"]).update(starts_at=now - timedelta(days=1))
    assert shown(alice, now) == {"A": "own", "D": "open"}
    assert refused(alice, academy.groups["B"], now) == "group_full"
    assert refused(alice, academy.groups["C"], now) == "group_over"
    assert refused(alice, academy.groups["A"], now) == "already_member"
    (offered,) = find_joinable(alice.pk, now)
    (choice,) = [each.choice for each in offered.shown if not each.is_own]
    assert (choice.facilitators, choice.members, choice.seats_left) == (("Fay",), 0, None)
    assert choice.starts_at == academy.meeting("D").starts_at


def test_the_best_sizes_are_three_and_four(academy, now):
    alice = academy.add_member("Alice", "A")
    for size, group in zip((2, 3, 4), "BCD", strict=True):
        for number in range(size):
            academy.add_member(f"{group}{number}", group)
    Membership.objects.filter(user__name="C0").update(role="facilitator")
    (offered,) = find_joinable(alice.pk, now)
    best = [each.choice.group.name[-1] for each in offered.shown if each.choice.is_best_size]
    assert best == ["D"]  # C has two learners and a facilitator


def test_who_belongs_to_a_cohort_without_a_group_may_join_and_others_may_not(academy, now):
    """Their group was cancelled or merged; who dropped out, was removed or completed it left."""
    cancelled, completed = academy.add_member("Ann", "A"), academy.add_member("Cora", "B")
    dropped, removed = academy.add_member("Dan", "C"), academy.add_member("Rea", "C")
    stranger = academy.add_person("Sam")
    end_group(academy.groups["A"].pk, status="cancelled", now=now)
    end_group(academy.groups["B"].pk, status="completed", now=now)
    for person, status in ((dropped, "dropped"), (removed, "removed")):
        end_membership(person.memberships.get().pk, status=status, now=now)
    Cohort.objects.update(switching_until=None)  # they have no group to switch from
    assert shown(cancelled, now) == {"C": "open", "D": "open"}
    for person in (completed, dropped, removed, stranger):
        assert not may_choose_group(person.pk, now)
        assert shown(person, now) == {}
        assert refused(person, academy.groups["D"], now) == "no_group"

    join_or_switch(cancelled.pk, academy.groups["D"].pk, now=now)
    assert groups_of(cancelled) == ["D"]
    assert not may_choose_group(cancelled.pk, now)
    assert refused(cancelled, academy.groups["C"], now) == "switching_closed"


@pytest.mark.matrix
@pytest.mark.parametrize(
    "change",
    [{"is_joinable": False}, {"status": "completed"}, {"status": "cancelled"}],
    ids=str,
)
def test_nothing_is_offered_where_staff_have_not_allowed_it(academy, now, change):
    alice = academy.add_member("Alice", "A")
    Cohort.objects.update(**change)
    assert not may_choose_group(alice.pk, now)
    assert shown(alice, now) == {}
    assert refused(alice, academy.groups["B"], now) == "no_group"


def test_switching_is_a_move_with_the_same_emails_and_the_same_fate_of_visits(academy, now):
    Group.objects.update(activated_at=now - timedelta(days=30))
    Cohort.objects.update(first_known_at=now - timedelta(days=40))
    people = [academy.add_member(name, "A") for name in ("Alice", "Moira")]
    Membership.objects.update(joined_at=now - timedelta(days=20))
    for person in people:
        for week, host in ((1, "B"), (2, "C")):
            ids = academy.meeting("A", week).pk, academy.meeting(host, week).pk
            book_visit(person.pk, home_meeting_id=ids[0], host_meeting_id=ids[1], now=now)
    alice, moira = people
    join_or_switch(alice.pk, academy.groups["B"].pk, now=now)
    move_member(moira.memberships.get().pk, academy.groups["B"].pk, now=now)
    update_all_visits(now)
    collect(None, now=now)

    def outcome(person) -> object:
        visits = GuestVisit.objects.filter(user=person).order_by("pk")
        emails = Message.objects.filter(user=person).order_by("pk")
        return (
            groups_of(person),
            [(each.end_reason, each.home_meeting.group.name) for each in visits],
            [(each.kind, each.channel, each.group.name) for each in emails],
        )

    assert outcome(alice) == outcome(moira)
    assert outcome(alice)[1] == [("became_member", "Group A"), ("", "Group B")]
    assert [kind for kind, *_ in outcome(alice)[2]].count("member_joined") == 1
    left = alice.memberships.get(status="moved")
    assert (left.left_why, left.left_at) == ("switched to Group B", now)


def test_a_visit_that_was_held_is_not_said_to_end(academy, now):
    alice = academy.add_member("Alice", "A")
    ids = academy.meeting("A").pk, academy.meeting("B").pk
    book_visit(alice.pk, home_meeting_id=ids[0], host_meeting_id=ids[1], now=now)
    group, mine = academy.groups["B"], list(alice.memberships.all())
    assert len(list(find_effects(mine, group, now))) == 1
    begun = academy.meeting("B").starts_at
    assert list(find_effects(mine, group, begun)) == []


# -- at the same moment --------------------------------------------------------------------------

PEOPLE = 8


@pytest.mark.django_db(transaction=True)
def test_the_last_place_has_one_winner(academy, now):
    """Learners of two groups, staff and a learner without a group want the same place."""
    people = [academy.add_member(f"Person {n}", "AC"[n % 2]) for n in range(PEOPLE)]
    homeless, added = academy.add_member("Hal", "D"), academy.add_person("Ada")
    end_group(academy.groups["D"].pk, status="merged", now=now)
    target = academy.groups["B"]
    Group.objects.filter(pk=target.pk).update(size=1)
    answers = race(
        *[partial(join_or_switch, each.pk, target.pk, now=now) for each in (*people, homeless)],
        partial(add_member, target.pk, added.pk, now=now),
    )
    assert tally(answers) == {DONE: 1, "group_full": PEOPLE + 1}
    assert target.memberships.filter(status="active").count() == 1
    for person in people:
        assert len(groups_of(person)) == 1


@pytest.mark.django_db(transaction=True)
def test_one_person_who_clicks_everywhere_at_once_is_in_one_group(academy, now):
    alice, hal = academy.add_member("Alice", "A"), academy.add_member("Hal", "D")
    end_group(academy.groups["D"].pk, status="merged", now=now)
    targets = [academy.groups[name] for name in "BC"]
    for person in (alice, hal):
        answers = race(
            *[partial(join_or_switch, person.pk, targets[n % 2].pk, now=now) for n in range(6)]
        )
        assert DONE in answers
        allowed = {DONE, "membership_ended", "already_member", "in_another_group"}
        assert set(answers) <= allowed, answers
        assert len(groups_of(person)) == 1


@pytest.mark.django_db(transaction=True)
def test_a_group_that_ends_while_someone_joins_keeps_nobody(academy, now):
    alice = academy.add_member("Alice", "A")
    target = academy.groups["B"]
    answers = race(
        partial(join_or_switch, alice.pk, target.pk, now=now),
        partial(end_group, target.pk, status="cancelled", now=now),
    )
    assert answers[1] == DONE
    assert answers[0] in {DONE, "group_ended"}
    assert not target.memberships.filter(status="active").exists()
