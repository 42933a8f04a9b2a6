"""The sandbox's guild without HTTP, database or reconciler, for the pure parts of the provider.

guild = Guild(NOW)
facts, done, plan = work(guild, facts, NOW)      # one run's worth, then what is left
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from cohorts.reconcile.errors import CallFailed, Conflict, Refused
from cohorts.reconcile.runs.policy import hold_removals
from cohorts.reconcile.values import Action, Outcome, Plan, Policy
from discordsync import apply as doing
from discordsync.desired import DesiredGuild, desired_state
from discordsync.observe import observe as looking
from discordsync.observe import recover
from discordsync.plan.plan import plan as compare
from discordsync.rest.client import REFUSALS, VANISHED
from discordsync.sandbox import DiscordSandbox
from discordsync.sandbox.calls import Call
from discordsync.sandbox.discord_service import ROUTES
from discordsync.sandbox.errors import Refusal
from discordsync.state.facts import DiscordSnapshot, Record
from discordsync.state.observed import ObservedGuild

GUILD_ID = 100000000000000001
Watch = Callable[[Action | None, Plan, DesiredGuild, ObservedGuild, Policy], object]
_PATTERNS = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path)), handler)
    for method, path, handler in ROUTES
]


class Guild:
    """Takes the calls that `DiscordClient` takes, and carries them out at once."""

    def __init__(self, now: datetime) -> None:
        self.time = now
        self.sandbox = DiscordSandbox(now=lambda: self.time, guild_id=GUILD_ID)
        self.guild = self.sandbox.guild
        self.guild_id = GUILD_ID
        self.bot_id = int(self.guild.bot_id)

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: Mapping[str, Any] | None = None,
        params: Mapping[str, Any] | None = None,
        reason: str | None = None,
    ) -> Any:
        self.sandbox.advance()
        for verb, pattern, handler in _PATTERNS:
            found = pattern.fullmatch(path)
            if verb == method and found:
                call = Call(
                    actor=self.guild.bot_id,
                    ids=found.groupdict(),
                    query={name: str(value) for name, value in (params or {}).items()},
                    body=json.loads(json.dumps(body or {})),
                    reason=reason,
                )
                return self._answer(handler, call)
        raise AssertionError(f"the sandbox has no {method} {path}")

    def _answer(self, handler: Callable[..., Any], call: Call) -> Any:
        try:
            return json.loads(json.dumps(handler(self.guild, call)[1]))
        except Refusal as refusal:
            if refusal.code in VANISHED:
                raise Conflict(refusal.sentence()) from None
            code = REFUSALS.get(refusal.code, "refused")
            raise Refused(refusal.sentence(), code=code) from None

    def by_hand(self, control: str, wish: Any) -> Any:
        return self.sandbox.controls[control](wish)

    def join(self, people: Collection[int]) -> None:
        wish = [{"id": str(pk), "username": f"person{pk % 1000}"} for pk in sorted(people)]
        self.by_hand("members", wish)

    @property
    def state(self) -> dict[str, Any]:
        return self.guild.state


def look(guild: Guild, facts: DiscordSnapshot) -> tuple[DiscordSnapshot, ObservedGuild]:
    """Observe, and give records that wait for an id the one that was found."""
    return asyncio.run(_look(guild, facts))


@dataclass
class Work:
    """What came of one look: the facts with what was recorded, the actions, and what is left."""

    facts: DiscordSnapshot
    done: list[Action]
    failed: dict[str, CallFailed]
    plan: Plan
    observed: ObservedGuild


def work(
    guild: Guild,
    facts: DiscordSnapshot,
    now: datetime,
    *,
    groups: Collection[int] | None = None,
    may_create: Collection[int] | None = None,
    choose: Callable[[Sequence[Action]], Action] = lambda ready: ready[0],
    watch: Watch = lambda *_: None,
) -> Work:
    """Look once, then carry out what is ready until nothing is; everything is asked for unless
    said otherwise.  `choose` picks among the first ready action of each lane.  `watch` sees each
    whole plan, after the outcome of which action it was made (None: of none, or it failed)."""
    due = frozenset(facts.groups if groups is None else groups)
    policy = Policy(due, due if may_create is None else frozenset(may_create))
    return asyncio.run(_work(guild, facts, now, policy, choose, watch))


async def _look(guild: Any, facts: DiscordSnapshot) -> tuple[DiscordSnapshot, ObservedGuild]:
    observed = await looking.observe_guild(guild, facts)
    for key, outside_id in recover.find_lost(facts, observed).items():
        facts = _recorded(facts, replace(facts.records[key], outside_id=outside_id))
    return facts, observed


async def _work(
    guild: Any,
    facts: DiscordSnapshot,
    now: datetime,
    policy: Policy,
    choose: Callable[[Sequence[Action]], Action],
    watch: Watch,
) -> Work:
    facts, observed = await _look(guild, facts)
    result = Work(facts, [], {}, Plan(), observed)
    # Records are read again only each second: within a look, own outcomes must do without them.
    wanted = desired_state(facts, now)
    action = None
    while True:
        whole = compare(wanted, result.observed, policy)
        succeeded = action if action and action.key not in result.failed else None
        watch(succeeded, whole, wanted, result.observed, policy)
        result.plan = hold_removals(whole)
        ready = find_ready(result.plan, result.failed)
        if not ready:
            return result
        action = choose(ready)
        await _carry_out(guild, result, action)


async def _carry_out(guild: Any, result: Work, action: Action) -> None:
    assert action.key not in {one.key for one in result.done}, f"twice: {action}"
    result.facts = intend(result.facts, action)
    try:
        outcome = await doing.apply(guild, action)
    except CallFailed as error:
        result.failed[action.key] = error
        return
    result.facts = record(result.facts, action, outcome)
    result.observed = doing.absorb(result.observed, action, outcome)
    result.done.append(action)


def find_ready(plan: Plan, failed: Collection[str] = ()) -> list[Action]:
    """The first action of each lane that may be started, as the reconciler picks them."""
    waiting = {a.key for a in plan.actions} | {held.action.key for held in plan.withheld}
    lanes: dict[str, Action] = {}
    for action in sorted(plan.actions, key=lambda a: a.rank):
        if action.key not in failed and not action.needs & waiting:
            lanes.setdefault(action.kind, action)
    return list(lanes.values())


def intend(facts: DiscordSnapshot, action: Action) -> DiscordSnapshot:
    if action.verb != "create":
        return facts
    call = action.payload
    return _recorded(
        facts,
        Record(
            key=call.key,
            outside_id=None,
            name_sent=call.body["name"],
            intended_at=datetime.now(UTC),
            existed_before=frozenset(call.names),
        ),
    )


def record(facts: DiscordSnapshot, action: Action, outcome: Outcome) -> DiscordSnapshot:
    call = action.payload
    if action.verb == "send":
        return _told(facts, action)
    if action.kind == "events" and action.verb == "delete":
        return _forgotten(facts, call.key)
    if action.verb == "create":
        known = facts.records[call.key]
        found = replace(
            known, outside_id=int(outcome.outside_id), name_returned=outcome.answer["name"]
        )
        return _recorded(facts, found)
    if action.verb == "edit" and "name" in call.body:
        known = facts.records[call.key]
        names = {"name_sent": call.body["name"], "name_returned": outcome.answer["name"]}
        return _recorded(facts, replace(known, **names))
    return facts


def _recorded(facts: DiscordSnapshot, found: Record) -> DiscordSnapshot:
    return replace(facts, records={**facts.records, found.key: found})


def _forgotten(facts: DiscordSnapshot, key: str) -> DiscordSnapshot:
    return replace(facts, records={k: v for k, v in facts.records.items() if k != key})


def _told(facts: DiscordSnapshot, action: Action) -> DiscordSnapshot:
    """A message that was sent is no longer pending."""
    group = facts.groups[action.group_id or 0]
    left = tuple(m for m in group.messages if m.id != action.payload.subject)
    return replace(facts, groups={**facts.groups, group.id: replace(group, messages=left)})
