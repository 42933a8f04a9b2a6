"""The Google Calendar provider: the functions that the reconciler and its pages call."""

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from calendarsync import connection_check, decisions, records
from calendarsync.apply import absorb, apply
from calendarsync.copies.orphans import take_orphans
from calendarsync.copies.storing import store_reading
from calendarsync.desired import DesiredCalendar, desired_state
from calendarsync.issues import ISSUES
from calendarsync.observe import observe
from calendarsync.plan.diff import LANE
from calendarsync.plan.plan import plan
from calendarsync.plan.replan import replan
from calendarsync.plan.review import review
from calendarsync.rest.client import CalendarClient, connect
from calendarsync.selectors import PROVIDER, load_stored_state
from calendarsync.snapshot import take_snapshot
from calendarsync.state.facts import CalendarSnapshot
from calendarsync.state.observed import Reading
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

    snapshot = staticmethod(take_snapshot)
    desired = staticmethod(desired_state)
    plan = staticmethod(plan)
    intend = staticmethod(records.intend)
    apply = staticmethod(apply)

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[CalendarClient]:
        return connect(check, load_stored_state(clock.now()))

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

    async def observe(self, client: CalendarClient, snapshot: CalendarSnapshot | None) -> Finding:
        return await observe(client)

    def store(self, finding: Finding) -> Finding:
        store_reading(finding.to_store, clock.now())
        return replace(finding, orphans=take_orphans(), to_store=None)

    def record(
        self, action: Action, result: Outcome | CallFailed, observed: RunObservation
    ) -> RunObservation:
        """After a failure the next observation shows whether an intended event was created."""
        if isinstance(result, CallFailed):
            return observed
        if isinstance(result.answer, Reading):
            return observed.with_reading(store_reading(result.answer, clock.now()))
        records.record(action, result, clock.now())
        return absorb(observed, action, result)

    def replan(
        self,
        plan: Plan,
        action: Action,
        desired: DesiredCalendar,
        observed: RunObservation,
        policy: Policy,
    ) -> Plan | None:
        return replan(action, desired, observed, policy)

    def review(
        self, desired: DesiredCalendar, observed: RunObservation, group_id: int, now: datetime
    ) -> Review:
        return review(desired, observed, group_id)


class CalendarAdmin:
    """See `cohorts.reconcile.provider.ProviderAdmin`."""

    name = PROVIDER

    settings_shown = staticmethod(connection_check.settings_shown)
    check_service = staticmethod(connection_check.check_service)
    forget = staticmethod(decisions.close_gone)
    forget_all = staticmethod(decisions.delete_all)

    def budget(
        self, desired: DesiredCalendar, observed: RunObservation, plan: Plan
    ) -> tuple[Budget, ...]:
        return ()

    def check(self, desired: DesiredCalendar, observed: RunObservation) -> tuple[Check, ...]:
        return connection_check.check()

    def decide_drift(self, drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
        return decisions.decide_drift(drift)
