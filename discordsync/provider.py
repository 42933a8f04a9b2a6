"""The Discord provider: the functions that the reconciler and its pages call."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from django.conf import settings

from cohorts import clock
from cohorts.outbox.collecting import collect
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
    Removable,
    Review,
)
from discordsync import connection_check, decisions, records
from discordsync.apply import absorb, apply
from discordsync.desired import DesiredGuild, desired_state
from discordsync.issues import ISSUES
from discordsync.observe.observe import observe
from discordsync.plan.diff import Diff
from discordsync.plan.plan import find_budget, plan
from discordsync.plan.removals import find_removable
from discordsync.plan.replan import replan
from discordsync.plan.review import review
from discordsync.rest.client import DiscordClient, connect
from discordsync.snapshot import take_snapshot, update_snapshot
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import ObservedGuild

LANES = ("roles", "channels", "names", "access", "events", "messages", "directs")


class DiscordProvider:
    """Keep the Discord server in sync. See `cohorts.reconcile.provider.Provider`."""

    @property
    def spec(self) -> ProviderSpec:
        """The bot reports changes, so nothing is polled."""
        is_configured = settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID
        return ProviderSpec(
            name="discord",
            title="Discord",
            lanes=LANES,
            scope=str(settings.DISCORD_GUILD_ID) if is_configured else "",
            required=True,
            issues=ISSUES,
        )

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[DiscordClient]:
        return connect(check)

    def collect(self, group_ids: Collection[int], now: datetime) -> int:
        """Store new messages: Discord delivers those to channels and direct messages."""
        return collect(group_ids, now=now)

    def snapshot(
        self, now: datetime, earlier: DiscordSnapshot | None = None, changed: Collection[int] = ()
    ) -> DiscordSnapshot:
        return update_snapshot(earlier, changed, now) if earlier else take_snapshot(now)

    def snapshot_to_observe(self, now: datetime) -> DiscordSnapshot:
        """Return the facts without messages that certainly have not arrived: rendering them costs
        queries."""
        return take_snapshot(now, only_begun=True)

    def desired(self, snapshot: DiscordSnapshot, now: datetime) -> DesiredGuild:
        return desired_state(snapshot, now)

    async def observe(self, client: DiscordClient, snapshot: DiscordSnapshot) -> Finding:
        return await observe(client, snapshot)

    def store(self, finding: Finding) -> Finding:
        finding = records.look_up(finding, clock.now())
        records.store_observation(finding.to_store, finding.observed, clock.now())
        return finding

    def plan(self, desired: DesiredGuild, observed: ObservedGuild, policy: Policy) -> Plan:
        return plan(desired, observed, policy)

    def replan(
        self,
        plan: Plan,
        action: Action,
        desired: DesiredGuild,
        observed: ObservedGuild,
        policy: Policy,
    ) -> Plan | None:
        return replan(plan, action, desired, observed, policy)

    def intend(self, action: Action) -> None:
        records.intend(action)

    async def apply(self, client: DiscordClient, action: Action) -> Outcome:
        return await apply(client, action)

    def record(
        self, action: Action, result: Outcome | CallFailed, observed: ObservedGuild
    ) -> ObservedGuild:
        if isinstance(result, CallFailed):
            records.record_failure(action, result, observed)
            return observed
        records.record(action, result)
        return absorb(observed, action, result)

    def review(
        self, desired: DesiredGuild, observed: ObservedGuild, group_id: int, now: datetime
    ) -> Review:
        return review(desired, observed, group_id, now)


class DiscordAdmin:
    """See `cohorts.reconcile.provider.ProviderAdmin`."""

    name = "discord"

    def settings_shown(self) -> Mapping[str, str]:
        return connection_check.settings_shown()

    def budget(
        self, desired: DesiredGuild, observed: ObservedGuild, plan: Plan
    ) -> tuple[Budget, ...]:
        return find_budget(desired, observed, plan)

    def removable(
        self, desired: DesiredGuild, observed: ObservedGuild, group_ids: Collection[int]
    ) -> tuple[Removable, ...]:
        return find_removable(Diff(desired, observed, Policy(frozenset(group_ids))))

    def check(self, desired: DesiredGuild, observed: ObservedGuild) -> tuple[Check, ...]:
        return connection_check.check(desired, observed)

    async def check_service(self) -> tuple[Check, ...]:
        return await connection_check.check_service()

    def decide_drift(self, drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
        return decisions.decide_drift(drift, choice, answer)

    def forget(self, group_id: int) -> Collection[str]:
        return decisions.delete_gone(group_id)

    def forget_all(self) -> None:
        decisions.delete_all()
