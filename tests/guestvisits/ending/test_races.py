"""What happens at the same moment as an end, a merge or a reopening: one of two outcomes.

Real processes on PostgreSQL. Whoever comes second is refused, or stops the other's step; what is
stored is never a mixture of both.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection, transaction

from cohorts.models import Cohort, CohortStep, Group, Membership, User
from cohorts.services.groups import begin_removal
from cohorts.services.memberships import add_member
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step, carry_out_step, undo_step
from guestvisits.joining.services import join_or_switch
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.updating import update_all_visits
from tests.guestvisits.test_races import check_that_rules_hold
from tests.support.academy import Academy
from tests.support.race import DONE, race
from tests.support.spread import thin

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
DUE = NOW + timedelta(minutes=10)
ROUNDS = 4
# What the one who comes second is told.
REFUSED = {
    "already_member",
    "group_ended",
    "group_not_active",
    "no_group",
    "no_meeting",
    "not_active_participant",
}
State = CohortStep.State
Call = Callable[[], object]


class Term(Academy):
    """Ann is in group A, Bea in B, and Cleo in C; Nele has no group yet."""

    def __init__(self, number: int) -> None:
        super().__init__(NOW, name=f"Autumn {number}", is_joinable=True)
        self.number = number
        self.ann, self.bea, self.cleo = (
            self.add_member(f"{name} {number}", group)
            for name, group in (("Ann", "A"), ("Bea", "B"), ("Cleo", "C"))
        )
        self.nele = self.add_person(f"Nele {number}")

    def ask(self, kind: str, now: datetime = NOW, **params: Any) -> CohortStep:
        wanted = CohortStep(cohort=self.cohort, kind=kind, params=params)
        seen = step_kinds[kind].preview(wanted, now).digest
        return ask_for_step(kind, self.cohort.pk, params, seen=seen, by=None, now=now)

    def ask_for_end(self) -> CohortStep:
        return self.ask("end", groups=[], status="completed")

    def ask_for_merge(self) -> CohortStep:
        return self.ask(
            "merge",
            source_id=self.groups["A"].pk,
            target_id=self.groups["B"].pk,
            raise_size=False,
            facilitators_come=True,
            guests_come=True,
        )

    def book(self, person: User, home: str, host: str) -> Call:
        return partial(
            book_visit,
            person.pk,
            home_meeting_id=self.meeting(home, 2).pk,
            host_meeting_id=self.meeting(host, 2).pk,
            now=DUE,
        )

    def members(self, *groups: str) -> set[str]:
        ids = [self.groups[name].pk for name in groups]
        active = Membership.objects.filter(group__in=ids, status=Membership.Status.ACTIVE)
        return {row.user.name.split()[0] for row in active.select_related("user")}

    def has_ended(self) -> set[bool]:
        """Whether the groups have ended; both values if they do not agree."""
        groups = Group.objects.filter(cohort=self.cohort).select_related("cohort")
        return {group.status in Group.ENDED for group in groups} | {
            Cohort.objects.get(pk=self.cohort.pk).has_ended
        }

    def open_visits(self) -> int:
        return GuestVisit.objects.filter(
            host_meeting__group__cohort=self.cohort, ended_at=None
        ).count()


def state_of(step: CohortStep) -> str:
    return CohortStep.objects.get(pk=step.pk).state


def carrying_out(step: CohortStep) -> Call:
    return partial(carry_out_step, step.pk, now=DUE)


# -- an end --------------------------------------------------------------------------------------


def _staff_add(term: Term) -> Call:
    return partial(add_member, term.groups["A"].pk, term.nele.pk, now=DUE)


def _learner_joins(term: Term) -> Call:
    return partial(join_or_switch, term.nele.pk, term.groups["A"].pk, now=DUE)


def _guest_books(term: Term) -> Call:
    return term.book(term.ann, "A", "B")


@pytest.mark.parametrize(
    "joining", thin([_staff_add, _learner_joins, _guest_books], every=1, always=[_guest_books])
)
def test_an_end_while_someone_joins_ends_all_without_them_or_nothing(joining) -> None:
    for number in range(ROUNDS):
        term = Term(number)
        step = term.ask_for_end()
        _, joined = race(carrying_out(step), joining(term))
        if state_of(step) == State.DONE:
            assert joined in REFUSED
            assert term.has_ended() == {True}
            assert term.members("A", "B", "C") == set()
            assert term.open_visits() == 0
        else:
            assert (state_of(step), joined) == (State.STOPPED, DONE)
            assert term.has_ended() == {False}
            assert term.members("A", "B", "C") >= {"Ann", "Bea", "Cleo"}
            is_visit = joining is _guest_books
            assert ("Nele" in term.members("A"), term.open_visits()) == (not is_visit, is_visit)
    update_all_visits(DUE)
    check_that_rules_hold(term)


@pytest.mark.parametrize("kind", [pytest.param("end", marks=pytest.mark.matrix), "merge"])
def test_undo_in_the_last_second_leaves_all_or_nothing(kind) -> None:
    for number in range(ROUNDS):
        term = Term(number)
        step = term.ask_for_end() if kind == "end" else term.ask_for_merge()
        undone, _ = race(partial(undo_step, step.pk, now=DUE), carrying_out(step))
        if state_of(step) == State.UNDONE:
            assert undone == DONE
            assert term.has_ended() == {False}
            assert (term.members("A"), term.members("B")) == ({"Ann"}, {"Bea"})
        else:
            assert (state_of(step), undone) == (State.DONE, "step_over")
            assert term.members("A") == set()
            assert term.members("B") == (set() if kind == "end" else {"Ann", "Bea"})


# -- a merge -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "home", "host"),
    [
        ("cleo", "C", "A"),
        pytest.param("ann", "A", "B", marks=pytest.mark.matrix),
    ],
)
def test_a_merge_while_a_visit_is_booked_takes_effect_without_it_or_not_at_all(
    who, home, host
) -> None:
    for number in range(ROUNDS):
        term = Term(number)
        step = term.ask_for_merge()
        _, booked = race(carrying_out(step), term.book(getattr(term, who), home, host))
        if state_of(step) == State.DONE:
            assert booked in REFUSED
            assert term.members("B") == {"Ann", "Bea"}
            assert term.open_visits() == 0
        else:
            assert (state_of(step), booked) == (State.STOPPED, DONE)
            assert (term.members("A"), term.members("B")) == ({"Ann"}, {"Bea"})
            assert term.open_visits() == 1
    update_all_visits(DUE)
    check_that_rules_hold(term)


# -- reopening and removal -----------------------------------------------------------------------


def assert_reopened_or_removed(term: Term, removing: str) -> None:
    groups = Group.objects.filter(cohort=term.cohort)
    began = {group.removal_began_at is not None for group in groups}
    if term.has_ended() == {False}:
        assert (removing, began) == ("group_live", {False})
    else:
        assert term.has_ended() == {True}
        assert (removing, began) == (DONE, {True})


def reopen(term: Term, end: CohortStep) -> None:
    carry_out_step(term.ask("reopen", DUE, step=end.pk).pk, now=DUE)


def test_staff_reopen_while_a_removal_begins() -> None:
    for number in range(ROUNDS):
        term = Term(number)
        end = carry_out_step(term.ask_for_end().pk, now=DUE)
        ids = [group.pk for group in term.groups.values()]
        _, removing = race(partial(reopen, term, end), partial(begin_removal, ids, now=DUE))
        assert_reopened_or_removed(term, removing)


def test_a_removal_that_waits_for_staff_to_reopen_does_not_begin() -> None:
    """It reads the cohort before it waits, and must not believe that afterwards."""
    term = Term(1)
    end = carry_out_step(term.ask_for_end().pk, now=DUE)
    ids = [group.pk for group in term.groups.values()]
    has_locks = multiprocessing.get_context("fork").Event()

    def reopen_slowly() -> None:
        with transaction.atomic():
            reopen(term, end)
            has_locks.set()
            wait_for_a_waiting_process()

    def remove() -> None:
        assert has_locks.wait(60)
        begin_removal(ids, now=DUE)

    reopened, removing = race(reopen_slowly, remove)
    assert reopened == DONE
    assert term.has_ended() == {False}
    assert_reopened_or_removed(term, removing)


def wait_for_a_waiting_process() -> None:
    """Wait until another process waits for a lock of this one."""
    deadline = time.monotonic() + 60
    with connection.cursor() as cursor:
        while time.monotonic() < deadline:
            cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
            if cursor.fetchone()[0]:
                return
            time.sleep(0.02)
    raise AssertionError("no process waits")
