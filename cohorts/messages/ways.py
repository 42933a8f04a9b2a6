"""A message that is sent another way than was meant, and never both.

    by e-mail ──send_otherwise──> directly      the person chose so meanwhile
    directly ──send_otherwise───> by e-mail     the person chose so, or no line is open any more
    directly ──fall_back────────> by e-mail     it was refused, or waited too long: for good

Only what certainly did not arrive changes its way; the condition is in the update itself, since a
worker may begin to send at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from cohorts.messages.models import UNSENT, Message
from cohorts.messages.nudges import nudge_email
from cohorts.messages.routing import Ask, Way, find_ways
from cohorts.messages.services import WHY_LENGTH, mark_dropped
from cohorts.models import User
from cohorts.signals import announce

TOO_SLOW = "It could not be sent directly in time, so it goes by e-mail."
DIRECT_PATIENCE = timedelta(minutes=20)  # a reminder is no use at the start
AS_NEW: dict[str, Any] = {  # what is left of a message that goes another way
    "subject": "",
    "body": "",
    "html": "",
    "why_not": "",
    "failures": 0,
    "tried_at": None,
}


@transaction.atomic
def send_otherwise(message_id: int, *, to: str, now: datetime) -> bool:
    """Have it sent on another channel, if it certainly did not arrive on this one.

    Its words are made anew.  Returns whether it was still waiting.
    """
    waiting = Message.objects.filter(pk=message_id, state=Message.State.OWED).exclude(channel=to)
    moved = waiting.update(channel=to, next_try_at=now, **AS_NEW)
    if moved and to == Message.Channel.EMAIL:
        nudge_email()
    elif moved:
        announce(Message.objects.filter(pk=message_id).values_list("group_id", flat=True))
    return bool(moved)


@transaction.atomic
def fall_back(message_ids: Iterable[int], *, why: str, now: datetime, refused: bool = False) -> int:
    """Have direct messages sent by e-mail, for good.

    `refused`: they were answered so, and certainly did not arrive.  Otherwise one whose sending has
    begun meanwhile stays: nothing may come both ways.
    """
    states = UNSENT if refused else (Message.State.OWED,)
    waiting = Message.objects.filter(
        pk__in=list(message_ids), state__in=states, channel=Message.Channel.DISCORD_DM
    )
    count = waiting.update(
        **AS_NEW
        | {
            "channel": Message.Channel.EMAIL,
            "state": Message.State.OWED,
            "next_try_at": now,
            "fell_back_at": now,
            "why_not": why[:WHY_LENGTH],
        }
    )
    if count:
        nudge_email()
    return count


def settle_ways(now: datetime) -> None:
    """Have direct messages that are not wanted or not possible any more go another way, or none.

    Those whose sending was cut off stay: whether they arrived is looked up first.
    """
    waiting = list(
        Message.objects.filter(
            channel=Message.Channel.DISCORD_DM, state=Message.State.OWED, due_at__lte=now
        )
    )
    ways = find_ways({Ask.about(message) for message in waiting}, now)
    for message in waiting:
        _settle_way(message, ways[Ask.about(message)], now)


def _settle_way(message: Message, way: Way, now: datetime) -> None:
    since = max(message.due_at, message.created_at)
    if not way.channel:
        mark_dropped(message.pk, why=way.why)
    elif way.channel == Message.Channel.EMAIL:
        send_otherwise(message.pk, to=way.channel, now=now)
    elif now - since > DIRECT_PATIENCE and has_address(message):
        fall_back([message.pk], why=TOO_SLOW, now=now)


def has_address(message: Message) -> bool:
    """Whether an e-mail could be sent in its place."""
    reachable = User.objects.filter(wants_email=True, email__isnull=False)
    return reachable.filter(messages_owed=message).exists()
