"""The CPU time of Discord's snapshot, which is read every second of a run, beside history.

20 groups live. The others have ended, and Discord has confirmed that nothing of them is left.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import Cohort, Group, Membership, User
from discordsync.models import DiscordObject
from discordsync.snapshot import take_snapshot
from discordsync.state import keys
from meetings.models import Meeting
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured, typical
from tests.support.cohort import FIRST_DISCORD_ID, make_cohort

COHORT = 40  # groups
MEMBERS = 8
pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


def test_the_time_of_a_snapshot_beside_history(record: RecordFigure) -> None:
    made = make_cohort(groups=20, members=MEMBERS, meetings=8)
    ended = 0
    for wanted in (0, 1000, 1980, 5000):
        add_ended_groups(made.groups[0], wanted - ended)
        ended = wanted
        took, count = measure()
        name = f"Discord's snapshot of 20 live groups beside {ended:,} ended: CPU"
        record(name, took, "ms", 30)
        assert count == 20


def measure() -> tuple[Measured, int]:
    """Return the CPU time of a snapshot, the median of five, and the number of groups in it."""
    times = []
    for _ in range(5):
        with cpu_measured() as cpu:
            snapshot = take_snapshot(clock.now())
        times.append(cpu)
    return typical(times), len(snapshot.groups)


def add_ended_groups(pattern: Group, number: int) -> None:
    """Add ended groups like this one, with people, visits' hosts and records of what is gone.

    In bulk, and so without what facts cause: the figure is about reading.
    """
    then, cohorts = clock.now() - timedelta(days=30), -(-number // COHORT)
    begins = Cohort.objects.count()
    made = Cohort.objects.bulk_create(
        Cohort(
            course=pattern.cohort.course,
            name=f"Earlier {begins + n}",
            start_date=pattern.cohort.start_date - timedelta(days=400),
            number_of_meetings=8,
            status=Cohort.Status.COMPLETED,
        )
        for n in range(cohorts)
    )
    groups = Group.objects.bulk_create(
        Group(
            cohort=made[n // COHORT],
            name=f"Earlier {n}",
            weekday=pattern.weekday,
            start_time=pattern.start_time,
            status=Group.Status.COMPLETED,
        )
        for n in range(number)
    )
    first = User.objects.count()
    people = User.objects.bulk_create(
        User(
            email=f"earlier{first + n}@example.org",
            name=f"Earlier {first + n}",
            discord_id=FIRST_DISCORD_ID + 10**6 + first + n,
        )
        for n in range(number * MEMBERS)
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            group=groups[n // MEMBERS],
            cohort=groups[n // MEMBERS].cohort,
            status=Membership.Status.COMPLETED,
            left_at=then,
        )
        for n, person in enumerate(people)
    )
    Meeting.objects.bulk_create(
        Meeting(
            group=group,
            number=week,
            starts_at=then - timedelta(weeks=week),
            duration_minutes=60,
        )
        for group in groups
        for week in range(1, 9)
    )
    DiscordObject.objects.bulk_create(
        DiscordObject(
            key=f"{kind}:{group.pk}",
            kind=kind,
            cohort=group.cohort,
            group=group,
            outside_id=group.pk * 10 + n,
            gone_at=then,
        )
        for group in groups
        for n, kind in enumerate(("role", "text_channel", "voice_channel"))
    )
    DiscordObject.objects.bulk_create(
        DiscordObject(
            key=keys.cohort_channel(cohort.pk),
            kind="cohort_channel",
            cohort=cohort,
            outside_id=10**9 + cohort.pk,
            gone_at=then,
        )
        for cohort in made
    )
