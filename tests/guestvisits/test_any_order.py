"""With any actions in any order, the rules hold after each step."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cohorts.errors import Refusal
from cohorts.models import Membership
from cohorts.services.memberships import add_member, end_membership, move_member
from guestvisits.facts import read_open_visits
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.services.updating import update_all_visits
from guestvisits.windows import guest_windows
from meetings.models import Attendance
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting

GROUPS, WEEKS, PEOPLE, SEATS, VISITS = "ABC", 2, 4, 1, 2

groups = st.sampled_from(GROUPS)
weeks = st.integers(1, WEEKS)
people = st.integers(0, PEOPLE - 1)
furthers = st.sampled_from([1, 2])  # how far in GROUPS the host stands from the guest's own group


class Visits(RuleBasedStateMachine):
    """Each example is a transaction that is undone; what follows a commit is done by hand."""

    @initialize(first=st.lists(st.tuples(people, furthers, weeks), min_size=2, max_size=6))
    def begin(self, first: list[tuple[int, int, int]]) -> None:
        self.undo = transaction.atomic()
        self.undo.__enter__()
        self.now = datetime.now(UTC).replace(second=0, microsecond=0)
        self.academy = Academy(
            self.now, groups=GROUPS, meetings=WEEKS, guest_seats=SEATS, visits_per_person=VISITS
        )
        self.people = [self.academy.add_member(f"Person {n}", GROUPS[n % 3]) for n in range(PEOPLE)]
        for booking in first:
            self.book_elsewhere(*booking)

    def teardown(self) -> None:
        if hasattr(self, "undo"):
            transaction.set_rollback(True)
            self.undo.__exit__(None, None, None)

    def attempt(self, service, *args, **kwargs) -> None:
        """What is refused changes nothing, and that is an answer too."""
        try:
            service(*args, **kwargs, now=self.now)
        except Refusal:
            return

    def visits(self) -> list[GuestVisit]:
        return list(GuestVisit.objects.filter(ended_at=None).order_by("pk"))

    def membership(self, person: int) -> Membership | None:
        return self.people[person].memberships.filter(status="active").first()

    @rule(person=people, further=furthers, week=weeks)
    def book_elsewhere(self, person: int, further: int, week: int) -> None:
        """What the page offers: from one's own group to another."""
        if membership := self.membership(person):
            home = membership.group.name[-1]
            host = GROUPS[(GROUPS.index(home) + further) % len(GROUPS)]
            self.book(person, home, host, week)

    @rule(person=people, home=groups, host=groups, week=weeks)
    def book(self, person: int, home: str, host: str, week: int) -> None:
        self.attempt(
            book_visit,
            self.people[person].pk,
            home_meeting_id=self.academy.meeting(home, week).pk,
            host_meeting_id=self.academy.meeting(host, week).pk,
        )

    @precondition(lambda self: self.visits())
    @rule(which=st.integers(0, 9))
    def cancel(self, which: int) -> None:
        visit = self.visits()[which % len(self.visits())]
        self.attempt(cancel_visit, visit.user_id, host_meeting_id=visit.host_meeting_id)

    @precondition(lambda self: self.visits())
    @rule(which=st.integers(0, 9), hours=st.integers(-60, 200))
    def move_host(self, which: int, hours: int) -> None:
        meeting = self.visits()[which % len(self.visits())].host_meeting
        start = meeting.starts_at + timedelta(hours=hours)
        self.attempt(move_meeting, meeting.pk, starts_at=start)

    @precondition(lambda self: self.visits())
    @rule(which=st.integers(0, 9), group=groups)
    def move_guest(self, which: int, group: str) -> None:
        guest = self.visits()[which % len(self.visits())].user
        membership = guest.memberships.get(status="active")
        self.attempt(move_member, membership.pk, self.academy.groups[group].pk)

    @precondition(lambda self: self.visits())
    @rule(which=st.integers(0, 9))
    def cancel_host(self, which: int) -> None:
        visit = self.visits()[which % len(self.visits())]
        self.attempt(cancel_meeting, visit.host_meeting_id)

    @rule(person=people)
    def leave(self, person: int) -> None:
        if membership := self.membership(person):
            self.attempt(end_membership, membership.pk, status="dropped")

    @rule(person=people, group=groups)
    def join(self, person: int, group: str) -> None:
        if not self.membership(person):
            self.attempt(add_member, self.academy.groups[group].pk, self.people[person].pk)

    @rule(hours=st.integers(1, 100))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def rules_hold(self) -> None:
        if not hasattr(self, "undo"):
            return
        update_all_visits(self.now)
        visits = [visit for visit, _ in read_open_visits()]
        for visit in visits:
            self.check_visit(visit)
        assert all(n == 1 for n in Counter(_week(visit) for visit in visits).values())
        assert all(n <= SEATS for n in Counter(v.host_meeting_id for v in visits).values())
        made = GuestVisit.objects.filter(ended_at=None) | GuestVisit.objects.filter(
            end_reason="over"
        )
        assert all(n <= VISITS for n in Counter(visit.user_id for visit in made).values())

    def check_visit(self, visit: GuestVisit) -> None:
        home, host = visit.home_meeting, visit.host_meeting
        assert (home.group.cohort_id, home.number) == (host.group.cohort_id, host.number)
        assert home.group_id != host.group_id
        assert not host.is_cancelled
        was_held = host.starts_at <= self.now and visit.chosen_start <= self.now
        assert was_held or host.starts_at == visit.chosen_start
        active = visit.user.memberships.filter(status="active")
        assert [row.group_id for row in active] == [home.group_id]

    @invariant()
    def attendances_say_what_visits_say(self) -> None:
        if not hasattr(self, "undo"):
            return
        guests = set(Attendance.objects.filter(is_guest=True).values_list("user", "meeting"))
        for visit in GuestVisit.objects.filter(ended_at=None).select_related("host_meeting"):
            assert (visit.user_id, visit.host_meeting_id) in guests
        ahead = GuestVisit.objects.exclude(ended_at=None).filter(
            host_meeting__starts_at__gt=self.now, host_meeting__status="scheduled"
        )
        standing = set(GuestVisit.objects.filter(ended_at=None).values_list("user", "host_meeting"))
        for visit in ahead:
            pair = (visit.user_id, visit.host_meeting_id)
            assert pair in standing or pair not in guests

    @invariant()
    def access_is_a_matter_of_dates(self) -> None:
        if not hasattr(self, "undo"):
            return
        for window in guest_windows(None, self.now):
            if window.holds(self.now):
                assert window.is_open


def _week(visit: GuestVisit) -> tuple[int, int]:
    return visit.user_id, visit.host_meeting.number


@pytest.mark.django_db
@pytest.mark.parametrize("examples", [2, pytest.param(40, marks=pytest.mark.matrix)])
def test_the_rules_hold_after_each_step_in_any_order(examples):
    run_state_machine_as_test(
        Visits,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
