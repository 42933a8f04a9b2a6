"""Compare one event with its desired state, and plan the calls that correct it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from calendarsync.plan.calls import (
    TOLD,
    UNTOLD,
    Call,
    CancelEvent,
    CreateEvent,
    EditEvent,
    ReadExceptions,
    Times,
)
from calendarsync.state.desired import NOBODY, Addresses, DesiredSeries
from calendarsync.state.observed import Face, ObservedEvent
from cohorts.reconcile.values import Action

LANE = "events"
# Ranks, lowest first. Access is revoked before any is granted, a series is corrected before its
# occurrences are compared, and people in active groups come before everything that is only being
# set up.
LEAVE, LOOK, SERIES, OCCURRENCE, SINGLE, MAKE = 0, 1, 2, 3, 4, 30
AFTER_ACTIVE = 10
VERBS = {CreateEvent: "create", EditEvent: "edit", CancelEvent: "cancel", ReadExceptions: "read"}


@dataclass(frozen=True, slots=True)
class Difference:
    """How an event differs from its desired state.

    `explained` and `unexplained` are addresses to remove, with and without a recorded end of
    access.
    """

    face: Face | None = None
    times: Times | None = None
    missing: Addresses = NOBODY
    explained: Addresses = NOBODY
    unexplained: Addresses = NOBODY
    restore: bool = False

    def is_noticed(self, told: Addresses) -> bool:
        """Return whether people would notice.

        `told`: addresses that already have this invitation.
        """
        return bool(self.times or self.restore or self.missing - told)

    def __str__(self) -> str:
        """Describe what is to be changed, except removals."""
        parts = [
            "it was cancelled" if self.restore else "",
            "the text differs" if self.face else "",
            f"it starts {self.times.start:%Y-%m-%d %H:%M} UTC" if self.times else "",
            f"invite {_listed(self.missing)}" if self.missing else "",
        ]
        return "; ".join(part for part in parts if part)


def _listed(addresses: Addresses) -> str:
    return ", ".join(sorted(addresses))


def compare(
    group: DesiredSeries,
    event: ObservedEvent,
    people: Addresses,
    *,
    face: Face | None = None,
    times: Times | None = None,
    leave_alone: Addresses = NOBODY,
    restore: bool = False,
) -> Difference:
    """Return how an event differs. `leave_alone`: addresses that are neither added nor removed."""
    # The calendar's own entry gives no one access, unless a former participant uses that account.
    own = event.belonging - group.former
    leaving = event.people - people - group.exempt - leave_alone - own
    missing = people - event.people - leave_alone
    if event.omitted:
        leaving = missing = NOBODY
    explained = frozenset(address for address in leaving if group.explains(address))
    return Difference(
        face=face if face and face != event.face else None,
        times=times if times and (restore or not times.hold(event)) else None,
        missing=missing,
        explained=explained,
        unexplained=leaving - explained,
        restore=restore,
    )


def mend(
    group: DesiredSeries,
    rank: int,
    event: ObservedEvent,
    target: str,
    difference: Difference,
    *,
    told: Addresses = NOBODY,
) -> Iterator[Action]:
    """Yield the actions that correct an event.

    One call removes people whose access has ended, one makes all other changes, and one removes
    each address without a recorded reason. They are separate so that revoking access never waits
    for something that Google may refuse, such as an address.
    """
    if difference.explained:
        leaving = EditEvent(event, remove=difference.explained)
        why = f"access ended for {_listed(difference.explained)}"
        yield make_action(group, LEAVE, leaving, f"{event.id} leavers", target, why, ends=True)
    if why := str(difference):
        bring = EditEvent(
            event,
            difference.face,
            difference.times,
            tuple(sorted(difference.missing)),
            restore=difference.restore,
            tell=TOLD if difference.is_noticed(told) else UNTOLD,
        )
        yield make_action(group, rank, bring, event.id, target, why)
    for address in sorted(difference.unexplained):
        remove = EditEvent(event, remove=frozenset({address}))
        why = f"{address} is on this invitation without a recorded reason"
        key, whom = f"{event.id} {address}", f"{address} from {target}"
        yield make_action(group, rank, remove, key, whom, why, removes=address)


def make_action(
    group: DesiredSeries,
    rank: int,
    call: Call,
    key: str,
    target: str,
    why: str,
    *,
    removes: str | None = None,
    ends: bool = False,
    creates: bool = False,
) -> Action:
    verb = "remove" if removes else VERBS[type(call)]
    return Action(
        key=f"{verb} {key}",
        kind=LANE,
        verb=verb,
        target=target,
        why=why,
        group_id=group.facts.id,
        cohort_id=group.facts.cohort_id,
        rank=rank + (0 if group.facts.active else AFTER_ACTIVE),
        removes=removes,
        ends=ends,
        creates=creates,
        payload=call,
    )
