"""Start the delivery of pending messages.  A task that runs every minute finds what a nudge misses.

E-mails are delivered here.  Other channels receive the `messages_pending` signal, which is sent in
the transaction that stores the messages, with `group_ids`: a set of ints by channel.  No facts have
changed, so only the provider that delivers the messages is synced.
"""

from collections import defaultdict
from collections.abc import Iterable

from django.dispatch import Signal
from django_q.tasks import async_task

from cohorts.outbox.models import Message

messages_pending = Signal()


def nudge_channels(pending: Iterable[tuple[str, int | None]]) -> None:
    """Start delivery of messages, given as (channel, group id).  Part of the transaction."""
    group_ids: dict[str, set[int]] = defaultdict(set)
    for channel, group_id in pending:
        group_ids[channel] |= {group_id} if group_id else set()
    if group_ids.pop(Message.Channel.EMAIL, None) is not None:
        nudge_email()
    if group_ids:
        messages_pending.send(sender=Message, group_ids=dict(group_ids))


def nudge_email() -> None:
    """Queue one round of sending.  Within a transaction it is rolled back with it."""
    async_task("cohorts.outbox.tasks.send_emails", group="outbox-email")
