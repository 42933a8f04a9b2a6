"""What a person should see and sees: each ground for access, from the database to the page."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import AccessException, AccessState, Group, Membership, User
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.selectors import read_context
from cohorts.services.groups import end_group
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.selectors import list_visits
from guestvisits.services.booking import book_visit
from lens.desk.person_page.group_access import find_grounds, read_group_access, read_reports
from lens.desk.person_page.sections import read_memberships
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def academy(db: None) -> Academy:
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0), archive_days=30)
    academy.add_member("Ana", "A", discord_id=200000000000000001)
    academy.add_facilitator("Fay", "B")
    return academy


@pytest.fixture
def ana(academy: Academy) -> User:
    return User.objects.get(name="Ana")


def shown(person: User) -> dict[tuple[str, str], tuple[str, str]]:
    """By group and service: why the person should see it, and what they have."""
    now = clock.now()
    grounds = find_grounds(person, read_memberships(person), list_visits(person.pk, now), now)
    found = read_group_access(person, grounds, read_reports(person), read_context(now))
    return {
        (str(one.group), each.place.provider.name): (one.why, each.line.has)
        for one in found
        for each in one.services
    }


def report(person: User, group: Group, state: str, provider: str = "discord") -> None:
    AccessState.objects.create(user=person, group=group, provider=provider, state=state)


def test_a_member_should_see_their_group_in_each_service(ana, academy):
    report(ana, academy.groups["A"], "granted")
    report(ana, academy.groups["A"], "granted", "calendar")
    assert shown(ana) == {
        ("Group A", "discord"): ("Participant", "has access"),
        ("Group A", "calendar"): ("Participant", "invited"),
    }


def test_a_guest_is_invited_at_once_and_has_access_from_its_day_on(ana, academy):
    now = clock.now()
    week_two = academy.meeting("B", 2)
    book_visit(
        ana.pk,
        home_meeting_id=academy.meeting("A", 2).pk,
        host_meeting_id=week_two.pk,
        now=now,
    )
    report(ana, academy.groups["B"], "granted", "calendar")
    found = shown(ana)
    assert found["Group B", "calendar"][1] == "invited"
    why, has = found["Group B", "discord"]
    assert why.startswith("Guest in week 2, until")
    assert has == "not yet"


def test_an_exception_is_named_with_its_reason(ana, academy):
    AccessException.objects.create(
        user=ana,
        group=academy.groups["C"],
        reason="Observes the group.",
        until=clock.now() + timedelta(days=3),
    )
    report(ana, academy.groups["C"], "granted")
    why, has = shown(ana)["Group C", "discord"]
    assert "Observes the group." in why
    assert has == "has access"


def test_a_substitute_should_see_the_group_that_they_lead_once(ana, academy):
    meeting, now = academy.meeting("B", 1), clock.now()
    made = Substitution.objects.create(
        meeting=meeting, away=User.objects.get(name="Fay"), chosen_start=meeting.starts_at
    )
    SubstituteOffer.objects.create(substitution=made, user=ana, answer="yes", answered_at=now)
    why, _ = shown(ana)["Group B", "discord"]
    assert why.startswith("Leads week 1 as a substitute")


def test_the_archive_of_an_ended_group_is_read_in_discord_only(ana, academy):
    end_group(academy.groups["A"].pk, status=Group.Status.COMPLETED, now=clock.now())
    report(ana, academy.groups["A"], "granted")
    found = shown(ana)
    assert list(found) == [("Group A", "discord")]
    assert found["Group A", "discord"][0].startswith("Can read until")


def test_access_without_a_ground_is_shown_as_such(ana, academy):
    report(ana, academy.groups["C"], "granted")
    assert shown(ana)["Group C", "discord"] == ("", "has access")


def test_someone_who_dropped_out_should_see_nothing(ana, academy):
    Membership.objects.filter(user=ana).update(status="dropped", left_at=clock.now())
    assert shown(ana) == {}


def test_a_group_that_is_not_set_up_is_the_reason(ana, academy):
    Group.objects.filter(pk=academy.groups["A"].pk).update(set_up_at=None)
    GroupSync.objects.filter(group=academy.groups["A"]).update(ready_at=None)
    report(ana, academy.groups["A"], "pending")
    assert shown(ana)["Group A", "discord"][1] == "no access"
