"""The `facts_changed` signal, sent when facts about groups change.

It is sent inside the transaction that changes the facts, with `group_ids`, a set of ints: every
group whose providers may now be out of sync; and with `changes`, the group ids by `Fact`, for
receivers whose data depends on some facts only.  Services send it through `announce`; receivers of
model signals send it too, so that edits in the Django admin count.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum

from django.db import transaction
from django.dispatch import Signal


class Fact(StrEnum):
    """What has changed about a group, as far as other data is derived from it."""

    GROUP = "group"  # slot, status and end; the cohort's term, status and rules
    MEMBERS = "members"  # memberships, and the people in them
    MEETINGS = "meetings"
    OTHER = "other"  # only providers depend on it


Changes = defaultdict[Fact, set[int]]

facts_changed = Signal()

_waiting: ContextVar[Changes | None] = ContextVar("waiting", default=None)


def announce(group_ids: Iterable[int], fact: Fact = Fact.OTHER) -> None:
    """Send `facts_changed` for these groups.  Call it inside the transaction that changes them."""
    ids = {group_id for group_id in group_ids if group_id}
    waiting = _waiting.get()
    if waiting is not None:
        waiting[fact] |= ids
    elif ids:
        _send(Changes(set, {fact: ids}))


@contextmanager
def announced_together() -> Iterator[None]:
    """Collect all announcements within the block and send them as one signal at its end.

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


def _send(changes: Changes) -> None:
    # One transaction for all receivers: a sync that one of them requests reads what all have
    # written.
    with transaction.atomic(savepoint=False):
        facts_changed.send(
            sender=announce, group_ids=set().union(*changes.values()), changes=changes
        )
