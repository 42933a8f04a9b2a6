"""The Discord provider, which keeps the Discord server in sync with the facts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from cohorts import clock
from cohorts.models import Group
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Access,
    Action,
    Budget,
    Check,
    Finding,
    Orphans,
    Outcome,
    Plan,
    Policy,
    Review,
    TroubleText,
)
from discordsync import apply as doing
from discordsync import connection_check as checking
from discordsync import desired as wanting
from discordsync import snapshot as reading
from discordsync.issues import TROUBLES
from discordsync.models import DiscordObject
from discordsync.observe import observe as looking
from discordsync.observe import own_writes, recover
from discordsync.plan import plan as planning
from discordsync.plan.events import EVENTS, count_listed
from discordsync.rest import client
from discordsync.rest.client import DiscordClient
from discordsync.state import keys
from discordsync.state.desired import DesiredGroup, DesiredGuild
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import ObservedGuild

UNSEEN = "Discord did not list everybody, so it is not known who is in the server."
LOOK_AGAIN = timedelta(minutes=1)  # after an incomplete observation


@dataclass(frozen=True, slots=True)
class Kept:
    """Results of an observation that are stored in the database."""

    found: dict[str, int]
    strangers: dict[str, int]
    sent: looking.Sent
    adopt: bool


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
    troubles: Mapping[str, TroubleText] = TROUBLES
    look_every = None  # the bot reports changes

    def is_configured(self) -> bool:
        return bool(settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID)

    def scope(self) -> str:
        return str(settings.DISCORD_GUILD_ID or "")

    def connect(self, check: Callable[[], None]) -> AbstractAsyncContextManager[DiscordClient]:
        return client.connect(check)

    def snapshot(self, now: datetime) -> DiscordSnapshot:
        return reading.take(now)

    def desired(self, snapshot: DiscordSnapshot, now: datetime) -> DesiredGuild:
        return wanting.want(snapshot, now)

    async def observe(self, client: DiscordClient, snapshot: DiscordSnapshot) -> Finding:
        observed = await looking.observe(client, snapshot)
        kept = Kept(
            found=recover.find_lost(snapshot, observed),
            strangers=recover.find_strangers(snapshot, observed),
            sent=await looking.find_sent(client, observed, snapshot),
            adopt=snapshot.adopt,
        )
        orphans = recover.describe_orphans(kept.strangers, snapshot, observed)
        return Finding(observed, orphans=Orphans() if snapshot.adopt else orphans, keep=kept)

    def keep(self, finding: Finding) -> None:
        kept: Kept = finding.keep
        doing.write_found(kept.found, finding.observed)
        doing.write_sent(kept.sent)
        own_writes.forget_old()
        doing.write_gone(finding.observed, now=clock.now())
        if kept.adopt:
            now = clock.now()
            names = wanting.name_all(self.desired(self.snapshot(now), now))
            doing.adopt(kept.strangers, names, finding.observed)

    def plan(self, desired: DesiredGuild, observed: ObservedGuild, policy: Policy) -> Plan:
        return planning.plan(desired, observed, policy)

    def intend(self, action: Action, observed: ObservedGuild) -> None:
        doing.intend(action)

    async def apply(self, client: DiscordClient, action: Action) -> Outcome:
        return await doing.apply(client, action)

    def record(self, action: Action, outcome: Outcome) -> None:
        doing.record(action, outcome)

    def fail(self, action: Action, error: CallFailed) -> None:
        doing.fail(action, error)

    def absorb(self, observed: ObservedGuild, action: Action, outcome: Outcome) -> ObservedGuild:
        return doing.absorb(observed, action, outcome)

    # -- status of a group -----------------------------------------------------------------------

    def review(
        self, desired: DesiredGuild, observed: ObservedGuild, group_id: int, now: datetime
    ) -> Review:
        """Return a group's status.  Ready: category, role, both channels, a meeting, and one person
        with access."""
        group = desired.groups[group_id]
        role_id = _id_of(desired, observed, keys.role(group.id))
        holders = observed.holders(role_id) if role_id else frozenset()
        built = group.live and all(
            _stands(desired, observed, key)
            for key in (
                group.category,
                keys.role(group.id),
                keys.text_channel(group.id),
                keys.voice_channel(group.id),
            )
        )
        incomplete = role_id in observed.incomplete
        reached = bool(holders & group.people.keys())
        looks_again = incomplete or _is_unasked(desired, observed, group)
        moments = (group.next_at, now + LOOK_AGAIN if looks_again else None)
        return Review(
            stands=built and reached and group.has_meetings,
            trouble=_trouble(group, built=built, reached=reached or incomplete),
            next_at=min((moment for moment in moments if moment), default=None),
            access=tuple(_access(group, observed, holders, incomplete=incomplete)),
        )

    def budget(
        self, desired: DesiredGuild, observed: ObservedGuild, plan: Plan
    ) -> tuple[Budget, ...]:
        def adds(kind: str) -> int:
            return sum(a.verb == "create" and a.kind == kind for a in _all_actions(plan))

        used = planning.find_used(desired, observed)
        events = count_listed(observed) + desired.hidden.counts.get("events", 0)
        return (
            Budget("channels", used["channels"], adds("channels"), planning.LIMITS["channels"]),
            Budget("roles", used["roles"], adds("roles"), planning.LIMITS["roles"]),
            Budget("events", events, adds("events"), EVENTS),
        )

    def settings_shown(self) -> Mapping[str, str]:
        return {
            "DISCORD_BOT_TOKEN": "set" if settings.DISCORD_BOT_TOKEN else "not set",
            "DISCORD_GUILD_ID": str(settings.DISCORD_GUILD_ID),
            "DISCORD_API_BASE": settings.DISCORD_API_BASE,
            "DISCORD_INVITE_URL": settings.DISCORD_INVITE_URL or "not set",
        }

    def check(self, desired: DesiredGuild, observed: ObservedGuild) -> tuple[Check, ...]:
        return checking.check(desired, observed)

    # -- records ---------------------------------------------------------------------------------

    def forget(self, group_id: int) -> Collection[str]:
        """Delete the records of objects confirmed as gone, of the group and of its cohort."""
        cohort_id = Group.objects.values_list("cohort_id", flat=True).get(pk=group_id)
        gone = DiscordObject.objects.filter(cohort_id=cohort_id, gone_at__isnull=False)
        rows = [row for row in gone if row.group_id in {None, group_id}]
        DiscordObject.objects.filter(pk__in=[row.pk for row in rows]).delete()
        return [str(row) for row in rows]

    def forget_all(self) -> None:
        DiscordObject.objects.all().delete()


def _all_actions(plan: Plan) -> list[Action]:
    return [*plan.actions, *(held.action for held in plan.withheld)]


def _id_of(desired: DesiredGuild, observed: ObservedGuild, key: str) -> int:
    record = desired.records.get(key)
    return observed.made.get(key) or (record.outside_id if record else None) or 0


def _stands(desired: DesiredGuild, observed: ObservedGuild, key: str) -> bool:
    outside_id = _id_of(desired, observed, key)
    return outside_id in observed.channels or outside_id in observed.roles


def _is_unasked(desired: DesiredGuild, observed: ObservedGuild, group: DesiredGroup) -> bool:
    """Return whether an object of the group is not listed and was not fetched by id yet."""
    if not observed.unasked:
        return False
    parts = [*group.infrastructure, *(e.key for e in desired.events if e.group_id == group.id)]
    return any(_id_of(desired, observed, key) in observed.unasked for key in parts)


def _trouble(group: DesiredGroup, *, built: bool, reached: bool) -> str:
    if not group.live or not built:
        return ""
    if not group.has_slot:
        return "no_slot"
    return "" if reached else "nobody_has_access"


def _access(
    group: DesiredGroup, observed: ObservedGuild, holders: frozenset[int], *, incomplete: bool
) -> list[Access]:
    found = [Access(p.id, "no_address", "No Discord account is known.") for p in group.unreachable]
    for discord_id, person in group.people.items():
        if discord_id in holders:
            found.append(Access(person.id, "has"))
        elif discord_id in observed.members:
            found.append(Access(person.id, "wanted"))
        elif incomplete:
            found.append(Access(person.id, "wanted", UNSEEN))
        else:
            found.append(Access(person.id, "not_there", "Not in the Discord server yet."))
    return found
