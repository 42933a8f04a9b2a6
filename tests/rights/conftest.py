from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cohorts.models import Cohort, CohortStep, RosterImport
from cohorts.outbox.rendering.links import unsubscribe_url
from meetings.calendars.services import open_feed
from tests.rights.kinds import LEARNER, World, make_world
from tests.rights.models_table import MODELS
from tests.rights.rows import make_rows
from tests.support.academy import Academy
from tests.support.kept_worlds import BuildOnce

Built = tuple[World, dict[str, Any]]


@pytest.fixture
def built(build_once: BuildOnce, settings: Any) -> Built:
    settings.REQUIRE_STAFF_MFA = True
    settings.SANDBOX = False
    # Pages ask the clock, and a kept world ages: another is built every 10 minutes and at midnight.
    period = f"{datetime.now(UTC):%Y-%m-%d %H:%M}"[:-1]
    result: Built = build_once(f"everyone of the permission table, {period}", build)
    return result


def build() -> Built:
    """Pages ask the clock, so it is about the present minute."""
    world = make_world(Academy(datetime.now(UTC).replace(second=0, microsecond=0)))
    return world, make_values(world)


@pytest.fixture
def world(built: Built) -> World:
    return built[0]


@pytest.fixture
def values(built: Built) -> dict[str, Any]:
    """A value for each name of an address."""
    return built[1]


def make_values(world: World) -> dict[str, Any]:
    academy, lena, rows = world.academy, world.people[LEARNER], make_rows(list(MODELS))
    return {
        "meeting": academy.meeting("B").pk,
        "meeting_id": academy.meeting("B").pk,
        "host_meeting_id": academy.meeting("B").pk,
        "elsewhere": academy.meeting("C").pk,
        "held": world.held.pk,
        "group": academy.groups["B"].pk,
        "group_id": academy.groups["B"].pk,
        "other_group": academy.groups["A"].pk,
        "cohort": academy.cohort.pk,
        "step": make_step(academy.cohort).pk,
        "roster_import": make_import().pk,
        "membership": lena.memberships.get().pk,
        "visit": world.visit.pk,
        "visit_id": world.visit.pk,
        "substitution_id": world.substitution.pk,
        "user_id": lena.pk,
        "person_id": lena.pk,
        "id": lena.pk,
        "pk": academy.groups["B"].pk,
        "unsubscribe": unsubscribe_url(lena.pk).rstrip("/").rpartition("/")[2],
        "feed": open_feed(lena.pk).token,
        "provider": "discord",
        "kind": "welcome",
        "tab": "groups",
        "token": "nothing",
        "uidb64": "MQ",
        "content_type_id": 0,
        "object_id": 0,
        "rows": rows,
        "ids": rows["sync.syncrun"],
        "run_id": rows["sync.syncrun"],
    }


def make_import() -> RosterImport:
    """A large roster that waits for a worker."""
    now = datetime.now(UTC)
    return RosterImport.objects.create(name="spring.csv", data=b"", lines=5000, asked_at=now)


def make_step(cohort: Cohort) -> CohortStep:
    """A break that takes effect tomorrow."""
    now = datetime.now(UTC)
    return CohortStep.objects.create(
        cohort=cohort,
        kind="break",
        params={"first": "2027-03-01", "last": "2027-03-07", "drop": False, "also": []},
        asked_at=now,
        due_at=now + timedelta(days=1),
    )
