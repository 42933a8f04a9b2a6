"""The Discord provider, which keeps the Discord server in sync with the facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime

from django.conf import settings

from cohorts import clock
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Action,
    Budget,
    Check,
    Finding,
    IssueText,
    Outcome,
    Plan,
    Policy,
    Review,
)
from discordsync import connection_check, records
from discordsync.apply import absorb, apply
from discordsync.desired import desired_state
from discordsync.issues import ISSUES
from discordsync.observe.observe import observe
from discordsync.plan.plan import find_budget, plan
from discordsync.plan.review import review
from discordsync.rest.client import DiscordClient, connect
from discordsync.snapshot import take_snapshot
from discordsync.state.desired import DesiredGuild
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import ObservedGuild


class DiscordProvider:
    name = "discord"
    title = "Discord"
    lanes: tuple[str, ...] = (
        "roles",
        "channels",
        "names",
        "access",
        "events",
        "messages",
        "directs",
    )
    required = True
    ahead = False
    troubles: Mapping[str, IssueText] = ISSUES
    look_every = None  # the bot reports changes

    def is_configured(self) -> bool:
        return bool(settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID)

    def scope(self) -> str:
        return str(settings.DISCORD_GUILD_ID or "")

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[DiscordClient]:
        return connect(check)

    def snapshot(self, now: datetime) -> DiscordSnapshot:
        return take_snapshot(now)

    def desired(self, snapshot: DiscordSnapshot, now: datetime) -> DesiredGuild:
        return desired_state(snapshot, now)

    async def observe(self, client: DiscordClient, snapshot: DiscordSnapshot) -> Finding:
        return await observe(client, snapshot)

    def keep(self, finding: Finding) -> None:
        records.store_observation(finding.keep, finding.observed, clock.now())

    def plan(self, desired: DesiredGuild, observed: ObservedGuild, policy: Policy) -> Plan:
        return plan(desired, observed, policy)

    def intend(self, action: Action, observed: ObservedGuild) -> None:
        records.intend(action)

    async def apply(self, client: DiscordClient, action: Action) -> Outcome:
        return await apply(client, action)

    def record(self, action: Action, outcome: Outcome) -> None:
        records.record(action, outcome)

    def fail(self, action: Action, error: CallFailed) -> None:
        records.fail(action, error)

    def absorb(self, observed: ObservedGuild, action: Action, outcome: Outcome) -> ObservedGuild:
        return absorb(observed, action, outcome)

    def review(
        self, desired: DesiredGuild, observed: ObservedGuild, group_id: int, now: datetime
    ) -> Review:
        return review(desired, observed, group_id, now)

    def budget(
        self, desired: DesiredGuild, observed: ObservedGuild, plan: Plan
    ) -> tuple[Budget, ...]:
        return find_budget(desired, observed, plan)

    def settings_shown(self) -> Mapping[str, str]:
        return connection_check.settings_shown()

    def check(self, desired: DesiredGuild, observed: ObservedGuild) -> tuple[Check, ...]:
        return connection_check.check(desired, observed)

    # -- records ---------------------------------------------------------------------------------

    def forget(self, group_id: int) -> Collection[str]:
        return records.delete_gone(group_id)

    def forget_all(self) -> None:
        records.delete_all()
