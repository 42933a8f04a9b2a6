"""A cohort for whole runs: groups in preview, people with Discord ids, and the guild they are in.

cohort = make_cohort(groups=3, members=4)
join(sandbox, cohort.people)          # they are in the guild now
realize(cohort)                       # staff pressed the button
work("discord")                       # what a worker does until nothing is due
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, time, timedelta

from cohorts import clock
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.reconcile import services
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.runs import provider_state
from cohorts.signals import announced_together

FIRST_DISCORD_ID = 200000000000000000


@dataclass
class MadeCohort:
    cohort: Cohort
    groups: list[Group]
    people: list[User]

    @property
    def ids(self) -> list[int]:
        return [group.pk for group in self.groups]

    def refresh(self) -> MadeCohort:
        for group in self.groups:
            group.refresh_from_db()
        return self


def make_cohort(
    *,
    groups: int = 2,
    members: int = 2,
    meetings: int = 3,
    name: str = "Spring",
    start_date: date | None = None,
    called: str = "Group",
) -> MadeCohort:
    """Groups that first meet a day after the start (tomorrow); the first member of each is its
    facilitator."""
    start = start_date or (clock.now() + timedelta(days=1)).date()
    course, _ = Course.objects.get_or_create(name="Safety")
    cohort = Cohort.objects.create(
        course=course, name=name, start_date=start, number_of_meetings=meetings
    )
    made = MadeCohort(cohort, [], [])
    with announced_together():
        for n in range(groups):
            group = Group.objects.create(
                cohort=cohort,
                name=f"{called} {n + 1}",
                weekday=(start + timedelta(days=1)).weekday(),
                start_time=time(15, 0),
            )
            made.groups.append(group)
            for m in range(members):
                made.people.append(add_member(group, facilitator=m == 0))
    return made


def add_member(group: Group, *, facilitator: bool = False) -> User:
    number = User.objects.count() + 1
    person = User.objects.create_user(
        f"person{number}@example.org",
        name=f"Person {number}",
        discord_id=FIRST_DISCORD_ID + number,
    )
    role = Membership.Role.FACILITATOR if facilitator else Membership.Role.PARTICIPANT
    # Not the default: a world that is put back continues from its own time.
    Membership.objects.create(user=person, group=group, role=role, joined_at=clock.now())
    return person


def join(sandbox, people: Iterable[User]) -> None:
    """These people, and no one else, are in the guild now."""
    members = [{"id": str(p.discord_id), "username": f"person{p.pk}"} for p in people]
    sandbox.post("members", members)


def realize(made: MadeCohort) -> None:
    services.request_realize(made.ids, by=None, now=clock.now())


def are_in_sync(made: MadeCohort) -> bool:
    """Whether all groups are set up in each provider, and nothing about them is due."""
    rows = GroupSync.objects.filter(group__in=made.groups)
    return rows.exists() and all(
        row.ready_at and row.observed_generation == row.generation for row in rows
    )


def work(*mirrors: str, slices: int = 12) -> int:
    """Do what workers do until nothing is due; returns how many runs it took."""
    done = 0
    for _ in range(slices):
        due = [name for name in mirrors if provider_state.has_work(name, clock.now())]
        if not due:
            return done
        for name in due:
            run_once(name)
            done += 1
    raise AssertionError(f"still due after {slices} slices: {due}")
