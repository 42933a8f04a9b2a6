"""The world changes around a visit: meetings move, people join, leave and change what they are."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts.models import AccessException, Cohort, Membership
from cohorts.services.groups import end_group
from cohorts.services.memberships import add_member, end_membership, move_member
from guestvisits.models import GuestVisit
from tests.guestvisits.effects.world import World, both_ways
from tests.support.kept_worlds import BuildOnce
from tests.support.moves import cancel_meeting, move_meeting

pytestmark = pytest.mark.django_db(transaction=True)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)


@pytest.fixture
def visited(world: World, build_once: BuildOnce) -> World:
    """Ada visits group B in week 1, and everything is there."""

    def visit() -> None:
        world.book("Ada", "B")
        world.work()
        assert world.access("Ada") == {"A", "B"}

    build_once("Ada visits group B in week 1", visit)
    return world


def membership(name: str) -> Membership:
    return Membership.objects.get(user__name=name, status="active")


def ended() -> str:
    return GuestVisit.objects.earliest("pk").end_reason


def role_calls(world: World, name: str, since: int) -> list[str]:
    """What was done to someone's roles: PUT grants, DELETE revokes."""
    pk = str(world.person(name).discord_id)
    calls = world.sandbox.writes(since=since, service="discord")
    return [call["method"] for call in calls if f"/members/{pk}/roles/" in call["path"]]


# -- the host meeting ----------------------------------------------------------------------------


@both_ways
def test_when_the_host_meeting_moves_all_is_undone_and_the_guest_learns_what_is_left(
    world, way, mailoutbox
):
    before = world.entries("B")
    world.book("Ada", "B")
    world.minute()
    host = world.meeting("B")
    move_meeting(host.pk, starts_at=host.starts_at + timedelta(hours=5), now=world.now)
    world.minute()
    assert ended() == "host_moved"
    assert world.access("Ada") == {"A"}
    assert world.invited("Ada", "B") == []
    assert world.entries("B") == before
    assert world.told("B") == ["Ada is joining", "Ada is not joining"]
    assert world.answers("Ada") == {"Group A 1": "pending"}
    (email,) = (one for one in mailoutbox if one.subject.endswith("has ended"))
    assert "moved to another time" in email.body
    assert "- Group B: " in email.body

    world.book("Ada", "B")
    world.minute()
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]


@pytest.mark.matrix
def test_a_meeting_moved_beyond_six_days_takes_access_away_until_it_is_booked_again(visited):
    host = visited.meeting("B")
    move_meeting(host.pk, starts_at=host.starts_at + 10 * DAY, now=visited.now)
    visited.work()
    assert visited.access("Ada") == {"A"}
    visited.book("Ada", "B")
    visited.minute()
    assert visited.access("Ada") == {"A"}
    visited.move_clock(visited.meeting("B").starts_at - 6 * DAY)
    visited.minute()
    assert visited.access("Ada") == {"A", "B"}


@pytest.mark.matrix
@both_ways
def test_when_the_host_meeting_is_cancelled_access_goes(world, way):
    world.book("Ada", "B")
    world.work()
    cancel_meeting(world.meeting("B").pk, now=world.now)
    world.minute()
    assert ended() == "host_cancelled"
    assert world.access("Ada") == {"A"}
    assert world.invited("Ada", "B") == []
    assert world.answers("Ada") == {"Group A 1": "pending"}


@pytest.mark.matrix
@both_ways
@pytest.mark.parametrize(
    "status", ["completed", pytest.param("cancelled", marks=pytest.mark.matrix)]
)
def test_when_the_host_group_ends_access_and_invitation_go(world, way, status):
    world.book("Ada", "B")
    world.work()
    end_group(world.group("B").pk, status=status, now=world.now)
    world.minute()
    assert ended() == "host_group_ended"
    assert world.access("Ada") == {"A"}
    assert world.calendar.singles(world.group("B")) == []


def test_when_the_cohort_ends_guests_have_no_access_and_members_until_its_archive_ends(visited):
    cohort = Cohort.objects.get()
    cohort.status = "completed"
    cohort.save()
    visited.minute()
    assert ended() == "cohort_ended"
    assert visited.access("Ada") == {"A"}, "not B, which was visited"
    visited.pass_time(days=cohort.archive_days)
    visited.minute(2)
    assert visited.access("Ada") == set()


@pytest.mark.matrix
def test_fewer_days_of_access_end_it_at_once(visited):
    visited.move_clock(visited.meeting("B").starts_at + 2 * DAY)
    visited.minute()
    assert visited.access("Ada") == {"A", "B"}
    cohort = Cohort.objects.get()
    cohort.guest_days_after = 1
    cohort.save()
    visited.work()
    assert visited.access("Ada") == {"A"}


# -- the guest -----------------------------------------------------------------------------------


@both_ways
def test_a_guest_who_becomes_a_member_keeps_the_role_without_a_gap(world, way):
    world.book("Ada", "B")
    world.work()
    seen = world.sandbox.last
    move_member(membership("Ada").pk, world.group("B").pk, now=world.now)
    world.minute()
    assert ended() == "became_member"
    assert world.access("Ada") == {"B"}
    assert role_calls(world, "Ada", seen) == ["DELETE"], "of the old group's role alone"
    assert world.invited("Ada", "B") == [1, 2, 3]
    assert world.told("B") == ["Ada is joining"]
    assert world.answers("Ada")["Group B 1"] == "attending"

    world.move_clock(world.meeting("B").starts_at + 4 * DAY)
    world.minute()
    assert world.access("Ada") == {"B"}


@pytest.mark.matrix
def test_a_guest_who_comes_to_facilitate_the_host_group_keeps_both_roles(visited):
    seen = visited.sandbox.last
    ada = visited.person("Ada")
    add_member(visited.group("B").pk, ada.pk, role="facilitator", now=visited.now)
    visited.minute()
    assert ended() == "became_member"
    assert visited.access("Ada") == {"A", "B"}
    assert role_calls(visited, "Ada", seen) == []


@pytest.mark.matrix
def test_a_guest_who_changes_groups_keeps_the_visit_and_the_new_group_is_notified(visited):
    move_member(membership("Ada").pk, visited.group("C").pk, now=visited.now)
    visited.minute()
    assert visited.access("Ada") == {"B", "C"}
    assert visited.told("C") == ["Ada is away"]
    assert visited.told("B") == ["Ada is joining"]
    assert visited.invited("Ada", "B") == [1]


@pytest.mark.parametrize("status", ["dropped", pytest.param("removed", marks=pytest.mark.matrix)])
def test_a_guest_who_leaves_loses_everything(visited, status):
    end_membership(membership("Ada").pk, status=status, now=visited.now)
    visited.minute()
    assert ended() == "left"
    assert visited.access("Ada") == set()
    assert visited.invited("Ada", "B") == []


@pytest.mark.matrix
def test_a_closed_account_loses_everything_and_the_date_explains_it(visited):
    ada = visited.person("Ada")
    ada.is_active = False
    ada.save()
    visited.minute()
    assert ended() == "deactivated"
    assert visited.access("Ada") == set()
    assert visited.invited("Ada", "B") == []
    assert visited.troubles() == []


@pytest.mark.matrix
def test_another_discord_account_takes_over(visited):
    ada = visited.person("Ada")
    old = str(ada.discord_id)
    ada.discord_id = 200000000000000777
    ada.save()
    visited.join(ada)
    visited.work()
    assert visited.access("Ada") == {"A", "B"}
    assert visited.sandbox.get("state")["discord"]["members"][old]["roles"] == []


@both_ways
def test_another_address_is_invited_in_place_of_the_old_one(world, way):
    world.book("Ada", "B")
    world.work()
    ada = world.person("Ada")
    ada.email = "ada@elsewhere.example"
    ada.save()
    world.minute()
    assert world.invited("Ada", "B") == [1]
    listed = str(world.calendar.events)
    assert "ada@elsewhere.example" in listed
    assert "ada@example.org" not in listed


@pytest.mark.matrix
def test_a_reason_that_staff_wrote_down_keeps_the_role_after_the_visit(visited):
    until = visited.meeting("B").starts_at + 10 * DAY
    ada, group = visited.person("Ada"), visited.group("B")
    AccessException.objects.create(user=ada, group=group, reason="stands in", until=until)
    visited.move_clock(visited.meeting("B").starts_at + 4 * DAY)
    visited.minute()
    assert visited.access("Ada") == {"A", "B"}
    visited.move_clock(until)
    visited.minute()
    assert visited.access("Ada") == {"A"}


# -- two visits ----------------------------------------------------------------------------------


def test_two_visits_to_one_group_are_one_access_without_a_gap(visited):
    visited.book("Ada", "B", 2)
    seen = visited.sandbox.last
    second = visited.meeting("B", 2).starts_at
    for moment in (second - 6 * DAY, visited.meeting("B").starts_at + 3 * DAY, second + 2 * DAY):
        visited.move_clock(moment)
        visited.minute()
        assert visited.access("Ada") == {"A", "B"}
    assert role_calls(visited, "Ada", seen) == []
    assert visited.told("B") == ["Ada is joining", "Ada is joining"]
    assert visited.invited("Ada", "B") == [1, 2]

    visited.move_clock(second + 3 * DAY - 2 * MINUTE)
    visited.minute(3)
    assert visited.access("Ada") == {"A"}
    assert visited.told("B") == ["Ada is joining", "Ada is joining", "Ada guest visit has ended"]


@pytest.mark.matrix
def test_cancelling_one_of_two_visits_leaves_the_other_as_it_was(visited):
    visited.book("Ada", "B", 2)
    visited.work()
    visited.cancel("Ada", "B", 1)
    visited.work()
    assert visited.access("Ada") == {"A"}, "the second is not near enough"
    assert visited.invited("Ada", "B") == [2]
    visited.move_clock(visited.meeting("B", 2).starts_at - 6 * DAY)
    visited.minute()
    assert visited.access("Ada") == {"A", "B"}


@pytest.mark.matrix
def test_two_guests_of_one_meeting_come_and_go_independently(visited):
    visited.book("Cleo", "B")
    visited.work()
    visited.cancel("Ada", "B")
    visited.work()
    assert visited.access("Ada") == {"A"}
    assert visited.access("Cleo") == {"B", "C"}
    assert visited.invited("Ada", "B") == []
    assert visited.invited("Cleo", "B") == [1]


# -- a channel is gone ---------------------------------------------------------------------------


def delete_channel(world: World, group: str) -> None:
    guild = world.sandbox.get("state")["discord"]
    (pk,) = (k for k, c in guild["channels"].items() if c["name"] == f"group-{group.lower()}")
    world.sandbox.post("delete", {"kind": "channel", "id": pk})


@pytest.mark.parametrize("gone", ["B", pytest.param("A", marks=pytest.mark.matrix)])
def test_without_a_channel_to_speak_in_access_comes_and_goes_all_the_same(world, gone):
    delete_channel(world, gone)
    other = {"A": "B", "B": "A"}[gone]
    world.book("Ada", "B")
    world.minute(2)
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]
    assert len(world.told(other)) == 1
    assert world.troubles() == ["missing"]
    world.move_clock(world.meeting("B").starts_at + 3 * DAY)
    world.minute()
    assert world.access("Ada") == {"A"}
