"""A realized cohort of any size in Google Calendar, built in bulk.

Rows are written without what facts cause, and the events without HTTP: what follows is about
comparing and reading.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import Any

from calendarsync.copies.completing import slot_fields
from calendarsync.models import CalendarSeries
from calendarsync.plan.calls import CreateEvent
from calendarsync.provider import CalendarProvider
from calendarsync.sandbox.events import events
from calendarsync.sandbox.events.events import Writer
from calendarsync.state.run_observation import RunObservation
from calendarsync.state.slots import SeriesSlot
from cohorts import clock
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.values import Policy
from meetings.models import Meeting
from tests.support.running_sandbox import RunningSandbox

MEETINGS = 8


def add_groups(number: int, members: int, *, realized: bool) -> list[Group]:
    """Groups whose meetings begin tomorrow, with their people and status in the calendar."""
    now = clock.now()
    first = (now + timedelta(days=1)).replace(hour=15, minute=0, second=0, microsecond=0)
    since = now if realized else None
    before = Group.objects.count()
    cohort = Cohort.objects.create(
        course=Course.objects.get_or_create(name="Safety")[0],
        name=f"Large {before}",
        start_date=now.date(),
        number_of_meetings=MEETINGS,
    )
    groups = Group.objects.bulk_create(
        Group(
            cohort=cohort,
            name=f"Group {before + n}",
            weekday=first.weekday(),
            start_time=time(15),
            status="active" if realized else "preview",
            set_up_at=since,
        )
        for n in range(number)
    )
    Meeting.objects.bulk_create(
        Meeting(
            group=group,
            number=week + 1,
            starts_at=first + timedelta(weeks=week),
            rhythm_starts_at=first + timedelta(weeks=week),
            duration_minutes=60,
        )
        for group in groups
        for week in range(MEETINGS)
    )
    _add_people(groups, members)
    GroupSync.objects.bulk_create(
        GroupSync(
            group=group,
            provider="calendar",
            observed_generation=1,
            next_at=now + timedelta(days=1),
            ready_at=since,
            set_up_at=since,
        )
        for group in groups
    )
    return groups


def _add_people(groups: list[Group], members: int) -> None:
    first = User.objects.count()
    people = User.objects.bulk_create(
        User(
            email=f"learner{first + n}@example.org",
            name=f"Learner {first + n}",
            discord_id=10**17 + first + n,
        )
        for n in range(len(groups) * members)
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            group=groups[n // members],
            cohort=groups[n // members].cohort,
            role="participant" if n % members else "facilitator",
            joined_at=clock.now() - timedelta(days=1),
        )
        for n, person in enumerate(people)
    )


def add_series(sandbox: RunningSandbox, groups: Iterable[Group]) -> None:
    """Make the groups' series at Google and their records, as the plan wants them."""
    provider, now = CalendarProvider(), clock.now()
    desired = provider.desired(provider.snapshot(now), now)
    wanted = frozenset(group.pk for group in groups)
    plan = provider.plan(desired, RunObservation(), Policy(wanted, wanted))
    calls = [a.payload for a in plan.actions if isinstance(a.payload, CreateEvent)]
    assert len(calls) == len(wanted), "one series for each group"
    CalendarSeries.objects.bulk_create(_made(call, now) for call in calls)
    bodies = [call.body() for call in calls]

    def insert(running: Any) -> None:
        (google,) = (one for one in running.services if one.name == "google")
        for body in bodies:
            events.insert(google.state, body, Writer(send="none"))

    assert sandbox._do, "only in the sandbox's own process"
    sandbox._do(insert)


def _made(call: CreateEvent, now: datetime) -> CalendarSeries:
    assert isinstance(call.when, SeriesSlot)
    return CalendarSeries(
        group_id=call.mark.group_id,
        generation=call.mark.generation,
        event_id=call.event_id,
        made_at=now,
        **slot_fields(call.when),
    )


def make_due(*groups: Group) -> None:
    for group in groups:
        GroupSync.objects.filter(group=group).raise_generation(clock.now())


def read_fully() -> None:
    """Let the next run list everything."""
    ProviderState.objects.filter(provider="calendar").update(fully_observed_at=None)
