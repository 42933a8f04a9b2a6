"""The Google Calendar provider: the functions that the reconciler and its pages call."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from calendarsync import connection_check, decisions, records
from calendarsync.apply import apply
from calendarsync.copies.orphans import take_orphans
from calendarsync.copies.storing import store_reading
from calendarsync.desired import DesiredCalendar, desired_state
from calendarsync.issues import ISSUES
from calendarsync.observe import observe
from calendarsync.plan.diff import LANE
from calendarsync.plan.plan import plan, plan_groups
from calendarsync.plan.review import review
from calendarsync.rest.client import CalendarClient, open_client
from calendarsync.selectors import PROVIDER, load_stored_state
from calendarsync.snapshot import take_snapshot
from calendarsync.state.facts import CalendarSnapshot
from calendarsync.state.observed import Reading, WriteResult
from calendarsync.state.run_observation import RunObservation
from cohorts import clock
from cohorts.reconcile.differences import Drift, DriftChoice
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Action,
    Budget,
    Check,
    Finding,
    Outcome,
    Plan,
    Policy,
    ProviderSpec,
    Review,
)


class CalendarProvider:
    """Keep Google Calendar in sync. See `cohorts.reconcile.provider.Provider`."""

    @property
    def spec(self) -> ProviderSpec:
        """The calendar is polled, because people answer invitations without Lens. Invitations are
        the same before and after a group is set up: only the order of calls differs."""
        return ProviderSpec(
            name=PROVIDER,
            title="Google Calendar",
            lanes=(LANE,),
            scope=settings.GOOGLE_CALENDAR_ID,
            ahead=True,
            issues=ISSUES,
            poll_every=timedelta(seconds=settings.SYNC["poll_seconds"]),
            follows_set_up=False,
        )

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[CalendarClient]:
        return open_client(check, load_stored_state(settings.GOOGLE_CALENDAR_ID, clock.now()))

    def snapshot(
        self, now: datetime, earlier: CalendarSnapshot | None = None, changed: Collection[int] = ()
    ) -> CalendarSnapshot:
        return take_snapshot(now, earlier, changed)

    def snapshot_part(
        self,
        now: datetime,
        group_ids: Collection[int],
        earlier: CalendarSnapshot | None = None,
        changed: Collection[int] = (),
    ) -> CalendarSnapshot:
        return take_snapshot(now, earlier, changed, only=group_ids)

    def snapshot_to_observe(self, now: datetime) -> None:
        """Return nothing: the listing is of the whole calendar."""

    def desired(self, snapshot: CalendarSnapshot, now: datetime) -> DesiredCalendar:
        return desired_state(snapshot, now)

    async def observe(self, client: CalendarClient, snapshot: CalendarSnapshot | None) -> Finding:
        return await observe(client)

    def store(self, finding: Finding) -> Finding:
        store_reading(finding.to_store, settings.GOOGLE_CALENDAR_ID, clock.now())
        return replace(finding, orphans=take_orphans(), to_store=None)

    def plan(self, desired: DesiredCalendar, observed: RunObservation, policy: Policy) -> Plan:
        return plan(desired, observed, policy)

    def replan(
        self,
        plan: Plan,
        action: Action,
        desired: DesiredCalendar,
        observed: RunObservation,
        policy: Policy,
    ) -> Plan | None:
        if observed.touched is None:
            return None
        concerned = observed.touched | ({action.group_id} if action.group_id else set())
        group_ids = concerned & policy.groups & frozenset(desired.groups)
        return replace(plan_groups(desired, observed, policy, group_ids), groups=group_ids)

    def intend(self, action: Action) -> None:
        records.intend(action)

    async def apply(self, client: CalendarClient, action: Action) -> Outcome:
        return await apply(client, action.payload)

    def record(
        self, action: Action, result: Outcome | CallFailed, observed: RunObservation
    ) -> RunObservation:
        """After a failure the next observation shows whether an intended event was created."""
        if isinstance(result, CallFailed):
            return observed
        if isinstance(result.answer, Reading):
            now = clock.now()
            return observed.with_reading(
                store_reading(result.answer, settings.GOOGLE_CALENDAR_ID, now)
            )
        assert action.group_id is not None, "all our actions are for a group"
        records.record(action, result, clock.now())
        if isinstance(result.answer, WriteResult):
            return observed.with_result(action.group_id, result.answer)
        return observed.with_written(action.group_id, result.answer)

    def review(
        self, desired: DesiredCalendar, observed: RunObservation, group_id: int, now: datetime
    ) -> Review:
        copies = desired.snapshot.copies.get(group_id, {})
        return review(desired, observed.of_group(group_id, copies), group_id)


class CalendarAdmin:
    """See `cohorts.reconcile.provider.ProviderAdmin`."""

    name = PROVIDER

    def settings_shown(self) -> Mapping[str, str]:
        return connection_check.settings_shown()

    def budget(
        self, desired: DesiredCalendar, observed: RunObservation, plan: Plan
    ) -> tuple[Budget, ...]:
        return ()

    def check(self, desired: DesiredCalendar, observed: RunObservation) -> tuple[Check, ...]:
        return connection_check.check()

    async def check_service(self) -> tuple[Check, ...]:
        return await connection_check.check_service()

    def decide_drift(self, drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
        return decisions.decide_drift(drift)

    def forget(self, group_id: int) -> Collection[str]:
        return decisions.close_gone(group_id)

    def forget_all(self) -> None:
        decisions.delete_all()
