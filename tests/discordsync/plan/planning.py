"""Plans for one group and its cohort, on paper."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from cohorts.reconcile.values import Action, Issue, Withheld
from discordsync.desired import DesiredGroup, DesiredGuild
from discordsync.plan.calls import Item
from discordsync.plan.infrastructure import plan_cohort, plan_infrastructure
from discordsync.state.facts import Hidden
from discordsync.state.observed import ROLE, ObservedGuild, Overwrite
from discordsync.state.permissions import (
    VIEW_CHANNEL,
)
from tests.discordsync.paper import (
    GUILD,
    compare,
    put,
    see,
    want,
)

TEXT, VOICE, CHANNEL, CATEGORY = (
    "text_channel:7",
    "voice_channel:7",
    "cohort_channel:5",
    "category:5:1",
)
KNOWN = Hidden(is_known=True)


def want_new(*groups: DesiredGroup, **more: Any) -> DesiredGuild:
    """Return a desired state of which nothing is recorded."""
    return want(*groups, **{"records": {}, "hidden": KNOWN, **more})


def plan(
    wanted: DesiredGuild,
    guild: ObservedGuild | None = None,
    *,
    of: int = 7,
    due: Collection[int] | None = None,
    may_create: Collection[int] = (),
) -> list[Item]:
    """Return what is planned for one group."""
    diff = compare(wanted, guild or see(wanted), due=due, may_create=may_create)
    return list(plan_infrastructure(diff, wanted.groups[of]))


def plan_shared(
    wanted: DesiredGuild,
    guild: ObservedGuild | None = None,
    *,
    due: Collection[int] | None = None,
    may_create: Collection[int] = (),
) -> list[Item]:
    """Return what is planned for cohort 5."""
    diff = compare(wanted, guild or see(wanted), due=due, may_create=may_create)
    return list(plan_cohort(diff, 5))


def unlike(guild: ObservedGuild, key: str) -> ObservedGuild:
    """Return the guild in which @everyone sees a channel."""
    return put(guild, key, Overwrite(GUILD, ROLE, VIEW_CHANNEL, 0))


def in_short(items: list[Item]) -> list[str]:
    """Return actions by key, those withheld in brackets, and issues by code."""
    short = []
    for item in items:
        match item:
            case Action():
                short.append(item.key)
            case Withheld():
                short.append(f"({item.action.key}: {item.reason})")
            case Issue():
                short.append(f"{item.group_id}: {item.code}: {item.detail}")
    return short


EMPTY = see(want())
