"""How facts announce that they changed.

`group_changed` is sent inside the transaction that changes the facts, with `group_ids`, a set of
ints: every group whose mirrors may now be out of step.  Services send it through `announce`; the
models' own save and delete send it too, so that an edit in the admin counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.dispatch import Signal

group_changed = Signal()

_waiting: ContextVar[set[int] | None] = ContextVar("waiting", default=None)


def announce(group_ids: Iterable[int]) -> None:
    """Say that facts of these groups changed.  Call it inside the transaction that changes them."""
    ids = {group_id for group_id in group_ids if group_id}
    waiting = _waiting.get()
    if waiting is not None:
        waiting |= ids
    elif ids:
        group_changed.send(sender=announce, group_ids=ids)


@contextmanager
def announced_together() -> Iterator[None]:
    """Send what is announced within the block as one signal at its end.

    For a service that saves many rows.  When the block raises, nothing is sent: the transaction
    around it is undone as well.
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
