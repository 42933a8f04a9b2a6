"""A provider in memory: a meeting link for each group, which its members may open.

It shows how small a provider can be, and carries the reconciler's own tests:

    links.service.fail("open:", Refused("Not invited"))  # the next call whose key begins so
    links.service.calls                                  # the keys of the calls that were made
    links.service.state                                  # what exists outside
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from cohorts.models import Group, Membership
from cohorts.reconcile.errors import CallFailed
from cohorts.reconcile.values import (
    Access,
    Action,
    Budget,
    Check,
    Finding,
    Issue,
    IssueText,
    Outcome,
    Plan,
    Policy,
    ProviderSpec,
    Review,
    Withheld,
)

Pair = tuple[int, str]  # a group's id, and a person's address or a note


@dataclass(frozen=True, slots=True)
class LinkState:
    links: frozenset[int] = frozenset()  # the groups that have one
    guests: frozenset[Pair] = frozenset()
    notes: frozenset[Pair] = frozenset()

    def after(self, action: Action) -> LinkState:
        pair = {action.payload}
        match action.verb:
            case "create":
                return replace(self, links=self.links | {action.group_id})
            case "grant":
                return replace(self, guests=self.guests | pair)
            case "revoke":
                return replace(self, guests=self.guests - pair)
            case _:
                return replace(self, notes=self.notes | pair)


@dataclass(frozen=True, slots=True)
class LinkGroup:
    name: str
    cohort_id: int
    members: Mapping[str, int]  # ids of people by address
    left: frozenset[str]  # addresses whose membership ended on a date
    notes: tuple[str, ...]


@dataclass
class LinkService:
    """The outside.  A fault is an error, or None for a call that succeeds and changes nothing."""

    state: LinkState = LinkState()
    calls: list[str] = field(default_factory=list)
    faults: list[tuple[str, CallFailed | Exception | None, bool]] = field(default_factory=list)
    observations: int = 0
    running: list[str] = field(default_factory=list)  # lanes
    most_running: int = 0

    def fail(self, key: str, error: Any, *, times: int = 1, took_effect: bool = False) -> None:
        self.faults += [(key, error, took_effect)] * times

    def next_fault(self, key: str) -> tuple[CallFailed | Exception | None, bool] | None:
        for fault in self.faults:
            if key.startswith(fault[0]):
                self.faults.remove(fault)
                return fault[1:]
        return None

    async def call(self, action: Action) -> bool:
        """Carry out one action; return whether it changed anything."""
        assert action.kind not in self.running, "two calls at a time in one lane"
        self.calls.append(action.key)
        self.running.append(action.kind)
        self.most_running = max(self.most_running, len(self.running))
        await asyncio.sleep(0.001)
        self.running.remove(action.kind)
        error, took_effect = self.next_fault(action.key) or (None, True)
        if took_effect:
            self.state = self.state.after(action)
        if error:
            raise error
        return took_effect


class LinkProvider:
    def __init__(self) -> None:
        self.spec = ProviderSpec(
            "links",
            "Meeting links",
            lanes=("links", "guests", "notes"),
            scope="links.example",
            required=True,
            issues={"link_missing": IssueText("The link is gone.", "Press “Recreate”.", True)},
        )
        self.service = LinkService()
        self.recorded: set[int] = set()  # groups whose link is ours
        self.notes: list[Pair] = []  # to be sent
        self.found: dict[str, Any] = {}  # what an observation finds besides the state
        self.next_at: datetime | None = None  # the next change in the facts
        self.before_call: Callable[[Action], object] = lambda _: None

    @asynccontextmanager
    async def connect(self, check: Callable[[], None]) -> AsyncIterator[LinkService]:
        yield self.service

    def snapshot(
        self, now: datetime, earlier: Any = None, changed: Collection[int] = ()
    ) -> dict[int, LinkGroup]:
        people: dict[int, list[Membership]] = {}
        for row in Membership.objects.select_related("user"):
            people.setdefault(row.group_id, []).append(row)
        return {
            group.pk: LinkGroup(
                group.name,
                group.cohort_id,
                {m.user.email: m.user_id for m in people.get(group.pk, ()) if not m.left_at},
                frozenset(m.user.email for m in people.get(group.pk, ()) if m.left_at),
                tuple(note for pk, note in self.notes if pk == group.pk),
            )
            for group in Group.objects.order_by("pk")
        }

    def desired(self, snapshot: dict[int, LinkGroup], now: datetime) -> dict[int, LinkGroup]:
        return snapshot

    async def observe(self, client: LinkService, snapshot: Any) -> Finding:
        client.observations += 1
        if fault := client.next_fault("observe"):
            raise fault[0] or AssertionError("an observation that succeeds is no fault")
        return Finding(client.state, **self.found)

    def store(self, finding: Finding) -> Finding:
        self.recorded |= finding.observed.links
        return finding

    def plan(self, desired: dict[int, LinkGroup], observed: LinkState, policy: Policy) -> Plan:
        plans = [self._plan_group(pk, desired[pk], observed, policy) for pk in sorted(desired)]
        removals = {(a.group_id or 0, a.removes) for p in plans for a in p.actions if a.removes}
        return Plan(
            tuple(a for p in plans for a in p.actions if a.group_id in policy.groups),
            tuple(w for p in plans for w in p.withheld if w.action.group_id in policy.groups),
            tuple(i for p in plans for i in p.issues),
            people=len({address for _, address in observed.guests}),
            removals=frozenset(removals),
        )

    def _plan_group(self, pk: int, group: LinkGroup, observed: LinkState, policy: Policy) -> Plan:
        def act(verb: str, kind: str, value: str, **more: Any) -> Action:
            key = f"{verb}:{group.name}:{value}"
            more = {"group_id": pk, "cohort_id": group.cohort_id, "payload": (pk, value)} | more
            return Action(key, kind, verb, f"{value} in {group.name}", "facts", **more)

        notes = [act("send", "notes", n, alone=True) for n in group.notes]
        notes = [a for a in notes if a.payload not in observed.notes]
        guests = {address for at, address in observed.guests if at == pk}
        closed = [
            act(
                "revoke",
                "guests",
                address,
                ends=address in group.left,
                removes=None if address in group.left else address,
                after=frozenset(a.key for a in notes),
            )
            for address in sorted(guests - group.members.keys())
        ]
        create = act("create", "links", "link", creates=True)
        is_new = pk not in observed.links
        if is_new and pk in self.recorded:
            return Plan((*closed, *notes), issues=(Issue(pk, "link_missing", group.name),))
        if is_new and pk not in policy.may_create:
            return Plan(tuple(closed), (Withheld(create, "needs_infrastructure"),))
        needs = frozenset({create.key} if is_new else ())
        opened = [
            act("grant", "guests", address, needs=needs, rank=1, repeatable=True)
            for address in sorted(group.members.keys() - guests)
        ]
        return Plan((*([create] if is_new else []), *closed, *opened, *notes))

    def intend(self, action: Action) -> None:
        self.before_call(action)

    async def apply(self, client: LinkService, action: Action) -> Outcome:
        return Outcome(str(action.group_id), answer=await client.call(action))

    def record(self, action: Action, result: Outcome | CallFailed, observed: LinkState) -> Any:
        if isinstance(result, CallFailed) or not result.answer:
            return observed
        if action.creates and action.group_id:
            self.recorded.add(action.group_id)
        return observed.after(action)

    def review(self, desired: Any, observed: LinkState, group_id: int, now: datetime) -> Review:
        access = tuple(
            Access(person, "granted" if (group_id, address) in observed.guests else "pending")
            for address, person in desired[group_id].members.items()
        )
        return Review(group_id in observed.links, next_at=self.next_at, access=access)


class LinkAdmin:
    def __init__(self, provider: LinkProvider) -> None:
        self.provider = provider
        self.name = provider.spec.name

    def settings_shown(self) -> Mapping[str, str]:
        return {"LINKS_URL": self.provider.spec.scope}

    def budget(self, desired: Any, observed: LinkState, plan: Plan) -> tuple[Budget, ...]:
        return (Budget("links", len(observed.links), sum(a.creates for a in plan.actions), 100),)

    def check(self, desired: Any, observed: LinkState) -> tuple[Check, ...]:
        return (Check("Links can be read", ok=True),)

    def forget(self, group_id: int) -> Collection[str]:
        self.provider.recorded &= self.provider.service.state.links
        return ()

    def forget_all(self) -> None:
        self.provider.recorded.clear()
