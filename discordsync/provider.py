"""The Discord provider: the functions that the reconciler and its pages call."""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from cohorts import clock
from cohorts.outbox.collecting import collect
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Action,
    Finding,
    Outcome,
    Policy,
    ProviderSpec,
    Removable,
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
from discordsync.selectors import PROVIDER
from discordsync.snapshot import take_snapshot
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import ObservedGuild

if TYPE_CHECKING:
    from discordsync.rest.client import DiscordClient

LANES = ("roles", "channels", "names", "access", "events", "messages", "directs")


class DiscordProvider:
    """Keep the Discord server in sync. See `cohorts.reconcile.provider.Provider`."""

    @property
    def spec(self) -> ProviderSpec:
        """The bot reports changes, so nothing is polled."""
        is_configured = settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID
        return ProviderSpec(
            name=PROVIDER,
            title="Discord",
            lanes=LANES,
            scope=str(settings.DISCORD_GUILD_ID) if is_configured else "",
            required=True,
            issues=ISSUES,
        )

    snapshot = staticmethod(take_snapshot)
    desired = staticmethod(desired_state)
    observe = staticmethod(observe)
    plan = staticmethod(plan)
    replan = staticmethod(replan)
    intend = staticmethod(records.intend)
    apply = staticmethod(apply)
    review = staticmethod(review)

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[DiscordClient]:
        """Open a client. Only processes that call Discord load discord.py: it takes a fifth of the
        time in which a command starts."""
        from discordsync.rest.client import connect

        return connect(check)

    def collect(self, group_ids: Collection[int], now: datetime) -> int:
        """Store new messages: Discord delivers those to channels and direct messages."""
        return collect(group_ids, now=now)

    def snapshot_to_observe(self, now: datetime) -> DiscordSnapshot:
        """Return the facts without messages that certainly have not arrived: rendering them costs
        queries."""
        return take_snapshot(now, only_begun=True)

    def store(self, finding: Finding) -> Finding:
        finding = records.look_up(finding, clock.now())
        records.store_observation(finding.to_store, finding.observed, clock.now())
        return finding

    def record(
        self, action: Action, result: Outcome | CallFailed, observed: ObservedGuild
    ) -> ObservedGuild:
        if isinstance(result, CallFailed):
            records.record_failure(action, result, observed)
            return observed
        records.record(action, result)
        return absorb(observed, action, result)


class DiscordAdmin:
    """See `cohorts.reconcile.provider.ProviderAdmin`."""

    name = PROVIDER

    settings_shown = staticmethod(connection_check.settings_shown)
    budget = staticmethod(find_budget)
    check = staticmethod(connection_check.check)
    check_service = staticmethod(connection_check.check_service)
    decide_drift = staticmethod(decisions.decide_drift)
    forget = staticmethod(decisions.delete_gone)
    forget_all = staticmethod(decisions.delete_all)

    def removable(
        self, desired: DesiredGuild, observed: ObservedGuild, group_ids: Collection[int]
    ) -> tuple[Removable, ...]:
        return find_removable(Diff(desired, observed, Policy(frozenset(group_ids))))
