"""Compare one event with its desired state, and plan the calls that correct it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from calendarsync.desired import NOBODY, Addresses, DesiredGroupCalendar
from calendarsync.plan.calls import (
    NOTIFY_ALL,
    NOTIFY_NONE,
    Call,
    CancelEvent,
    CreateEvent,
    EditEvent,
    ReadExceptions,
    Times,
)
from calendarsync.state.observed import EventDetails, ObservedEvent
from cohorts.reconcile.values import Action

LANE = "events"
# Ranks, lowest first. Access is revoked before any is granted, a series is corrected before its
# occurrences are compared, and people in active groups come before everything that is only being
# set up.
REVOKE, READ, SERIES, OCCURRENCE, SINGLE, CREATE = 0, 1, 2, 3, 4, 30
AFTER_ACTIVE = 10
VERBS = {CreateEvent: "create", EditEvent: "edit", CancelEvent: "cancel", ReadExceptions: "read"}


@dataclass(frozen=True, slots=True)
class EventDiff:
    """How an event differs from its desired state.

    `explained` and `unexplained` are addresses to remove, with and without a recorded end of
    access.
    """

    details: EventDetails | None = None
    times: Times | None = None
    missing: Addresses = NOBODY
    explained: Addresses = NOBODY
    unexplained: Addresses = NOBODY
    restore: bool = False

    def is_noticeable(self, notified: Addresses) -> bool:
        """Return whether people would notice.

        `notified`: addresses that already have this invitation.
        """
        return bool(self.times or self.restore or self.missing - notified)

    def __str__(self) -> str:
        """Describe what is to be changed, except removals."""
        parts = [
            "it was cancelled" if self.restore else "",
            "the text differs" if self.details else "",
            f"it starts {self.times.start:%Y-%m-%d %H:%M} UTC" if self.times else "",
            f"invite {_listed(self.missing)}" if self.missing else "",
        ]
        return "; ".join(part for part in parts if part)


def _listed(addresses: Addresses) -> str:
    return ", ".join(sorted(addresses))


def compare(
    group: DesiredGroupCalendar,
    event: ObservedEvent,
    people: Addresses,
    *,
    details: EventDetails | None = None,
    times: Times | None = None,
    unchanged: Addresses = NOBODY,
    restore: bool = False,
) -> EventDiff:
    """Return how an event differs. `unchanged`: addresses that are neither added nor removed."""
    # The calendar's own entry gives no one access, unless a former participant uses that account.
    own = event.belonging - group.former
    leaving = event.people - people - group.exempt - unchanged - own
    missing = people - event.people - unchanged
    if event.omitted:
        leaving = missing = NOBODY
    explained = frozenset(address for address in leaving if group.explains(address))
    return EventDiff(
        details=details if details and details != event.details else None,
        times=times if times and (restore or not times.hold(event)) else None,
        missing=missing,
        explained=explained,
        unexplained=leaving - explained,
        restore=restore,
    )


def correct(
    group: DesiredGroupCalendar,
    rank: int,
    event: ObservedEvent,
    target: str,
    diff: EventDiff,
    *,
    notified: Addresses = NOBODY,
) -> Iterator[Action]:
    """Yield the actions that correct an event.

    One call removes people whose access has ended, one makes all other changes, and one removes
    each address without a recorded reason. They are separate so that revoking access never waits
    for something that Google may refuse, such as an address.
    """
    if diff.explained:
        leaving = EditEvent(event, remove=diff.explained)
        why = f"access ended for {_listed(diff.explained)}"
        yield make_action(group, REVOKE, leaving, f"{event.id} leavers", target, why, ends=True)
    if why := str(diff):
        bring = EditEvent(
            event,
            diff.details,
            diff.times,
            tuple(sorted(diff.missing)),
            restore=diff.restore,
            notify=NOTIFY_ALL if diff.is_noticeable(notified) else NOTIFY_NONE,
        )
        yield make_action(group, rank, bring, event.id, target, why)
    for address in sorted(diff.unexplained):
        remove = EditEvent(event, remove=frozenset({address}))
        why = f"{address} is on this invitation without a recorded reason"
        key, whom = f"{event.id} {address}", f"{address} from {target}"
        yield make_action(group, rank, remove, key, whom, why, removes=address)


def make_action(
    group: DesiredGroupCalendar,
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
        rank=rank + (0 if group.facts.set_up else AFTER_ACTIVE),
        removes=removes,
        ends=ends,
        creates=creates,
        payload=call,
    )
