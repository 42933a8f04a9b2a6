"""Signals about groups, sent inside the transaction that changes their facts.

Each is sent with `group_ids`, a set of ints.  Services send them through `announce`; receivers of
model signals do so too, so that edits in the Django admin count.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.db import transaction
from django.dispatch import Signal

# Every group whose providers may now be out of sync; the signals below are sent in addition.
facts_changed = Signal()

group_changed = Signal()  # slot, status or end; or the cohort's term, status or rules
members_changed = Signal()  # memberships, or the accounts of people in them
meetings_changed = Signal()
groups_reopened = Signal()

# Sent without `facts_changed`, when providers have set groups up or these became active. No meeting
# changes by it, and not every provider has to compare them again.
groups_set_up = Signal()

# Sent with `user_ids` when accounts were saved, with any fields but the time of the last sign-in,
# or an address is to be tried again. Services send it through `announce_people`.
people_changed = Signal()

# Sent with `user_id` when a person's e-mail address has changed, in the same transaction.
address_changed = Signal()

Changes = defaultdict[Signal, set[int]]

_waiting: ContextVar[Changes | None] = ContextVar("waiting", default=None)


def announce(group_ids: Iterable[int], signal: Signal = facts_changed) -> None:
    """Send `signal` for these groups, and always `facts_changed` too, except for `groups_set_up`.

    Call it inside the transaction that changes them.
    """
    ids = {group_id for group_id in group_ids if group_id}
    waiting = _waiting.get()
    if waiting is not None:
        waiting[signal] |= ids
    elif ids:
        _send(Changes(set, {signal: ids}))


@contextmanager
def announced_together() -> Iterator[None]:
    """Collect all announcements within the block and send each signal once at its end.

    For services that save many rows.  If the block raises, nothing is sent, because the surrounding
    transaction is rolled back too.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting = Changes(set)
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    if any(waiting.values()):
        _send(waiting)


def announce_people(user_ids: set[int]) -> None:
    """Send `people_changed`, and what its receivers announce as one signal of each kind.

    Each signal locks the statuses of its groups in order. With one for each kind of row, two
    changes could wait for each other.
    """
    with announced_together():
        people_changed.send(sender=announce_people, user_ids=user_ids)


@transaction.atomic(savepoint=False)  # what receivers write is committed with the requested sync
def _send(changes: Changes) -> None:
    others = (ids for signal, ids in changes.items() if signal is not groups_set_up)
    if changed := set[int]().union(*others):
        changes[facts_changed] = changed
    for signal, group_ids in changes.items():
        signal.send(sender=announce, group_ids=group_ids)
