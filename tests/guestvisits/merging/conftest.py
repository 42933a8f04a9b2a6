"""Three groups, of which A is merged into B."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cohorts.models import CohortStep, Group, Installation, Membership, User
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from guestvisits.services.booking import book_visit
from tests.guestvisits.effects.conftest import _facts_alone, installed, world  # noqa: F401
from tests.support.academy import Academy
from tests.support.clock import SetClock

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
DUE = NOW + 10 * MINUTE


@pytest.fixture
def academy(set_clock: SetClock) -> Academy:
    """Ann and Ali are in A, which Fay leads; Bea is in B, which Ben leads; Cleo and Cid in C.

    In week 2 Ann visits C, Ali visits B, Cleo and Bea visit A, and Cid visits A in week 3.
    """
    set_clock(NOW)
    Installation.objects.ensure(NOW - DAY)
    academy = Academy(NOW, groups="ABC")
    academy.cohort.first_known_at = NOW - DAY
    academy.cohort.save()
    for name, group in (("Ann", "A"), ("Ali", "A"), ("Bea", "B"), ("Cleo", "C"), ("Cid", "C")):
        academy.add_member(name, group, timezone="Europe/Berlin")
    academy.add_facilitator("Fay", "A")
    academy.add_facilitator("Ben", "B")
    Group.objects.update(activated_at=NOW - DAY)
    Membership.objects.update(joined_at=NOW - DAY)
    for name, home, host, week in (
        ("Ann", "A", "C", 2),
        ("Ali", "A", "B", 2),
        ("Cleo", "C", "A", 2),
        ("Bea", "B", "A", 2),
        ("Cid", "C", "A", 3),
    ):
        book_visit(
            person(name).pk,
            home_meeting_id=academy.meeting(home, week).pk,
            host_meeting_id=academy.meeting(host, week).pk,
            now=NOW - 2 * MINUTE,
        )
    return academy


def person(name: str) -> User:
    return User.objects.get(name=name)


def params(academy: Academy, **chosen: Any) -> dict[str, Any]:
    return {
        "source_id": academy.groups["A"].pk,
        "target_id": academy.groups["B"].pk,
        "raise_size": False,
        "facilitators_come": False,
        "guests_come": True,
        **chosen,
    }


def ask(academy: Academy, now: datetime = NOW, **chosen: Any) -> CohortStep:
    said = params(academy, **chosen)
    wanted = CohortStep(cohort=academy.cohort, kind="merge", params=said)
    seen = step_kinds["merge"].preview(wanted, now).digest
    return ask_for_step("merge", academy.cohort.pk, said, seen=seen, by=None, now=now)


def groups_of(name: str) -> list[str]:
    active = Membership.objects.filter(user__name=name, status=Membership.Status.ACTIVE)
    return sorted(active.values_list("group__name", flat=True))
