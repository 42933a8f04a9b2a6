"""The `group_changed` signal, sent when the facts of groups change.

It is sent inside the transaction that changes the facts, with `group_ids`, a set of ints: every
group whose providers may now be out of sync.  Services send it through `announce`; receivers of
model signals send it too, so that edits in the Django admin count.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.dispatch import Signal

group_changed = Signal()

_waiting: ContextVar[set[int] | None] = ContextVar("waiting", default=None)


def announce(group_ids: Iterable[int]) -> None:
    """Send `group_changed` for these groups.  Call it inside the transaction that changes them."""
    ids = {group_id for group_id in group_ids if group_id}
    waiting = _waiting.get()
    if waiting is not None:
        waiting |= ids
    elif ids:
        group_changed.send(sender=announce, group_ids=ids)


@contextmanager
def announced_together() -> Iterator[None]:
    """Collect all announcements within the block and send them as one signal at its end.

    For services that save many rows.  If the block raises, nothing is sent, because the surrounding
    transaction is rolled back too.
    """
    if _waiting.get() is not None:
        yield
        return
    waiting: set[int] = set()
    token = _waiting.set(waiting)
    try:
        yield
    finally:
        _waiting.reset(token)
    announce(waiting)
