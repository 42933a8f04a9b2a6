"""Move pending messages to another channel, so that none arrives on both.

    by e-mail ──reroute──> directly      the person changed the preference
    directly ──reroute───> by e-mail     the preference changed, or no DM channel is open
    directly ──fall_back_to_email──> by e-mail     it was refused or waited too long; permanent

Only a message that certainly did not arrive is moved.  The condition is part of the UPDATE, because
a worker may begin to send at the same moment.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from cohorts.models import User
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.nudges import nudge_channels, nudge_email
from cohorts.outbox.routing.routes import DeliveryRequest, DeliveryRoute, find_routes
from cohorts.outbox.services import WHY_LENGTH, mark_dropped

TOO_SLOW = "It could not be sent as a direct message in time, so it is sent by e-mail."
DIRECT_TIMEOUT = timedelta(minutes=20)  # a reminder is useless once the meeting has begun
RESET: dict[str, Any] = {  # reset values for a message that changes its channel
    "subject": "",
    "body": "",
    "html": "",
    "not_sent_reason": "",
    "failures": 0,
    "tried_at": None,
}


@transaction.atomic
def reroute(message_id: int, *, to: str, now: datetime) -> bool:
    """Move a message to another channel, if it certainly did not arrive on this one.

    Its text is rendered again.  Returns whether it was still waiting.
    """
    waiting = Message.objects.filter(pk=message_id, state=Message.State.PENDING).exclude(channel=to)
    moved = waiting.update(channel=to, next_try_at=now, **RESET)
    if moved:
        nudge_channels(Message.objects.filter(pk=message_id).values_list("channel", "group_id"))
    return bool(moved)


@transaction.atomic
def fall_back_to_email(
    message_ids: Iterable[int], *, why: str, now: datetime, refused: bool = False
) -> int:
    """Move direct messages to e-mail permanently; return how many.

    `refused` means that Discord rejected them, so they did not arrive.  Otherwise a message whose
    sending has begun is left alone, so that it cannot arrive on both channels.
    """
    states = UNSENT if refused else (Message.State.PENDING,)
    waiting = Message.objects.filter(
        pk__in=list(message_ids), state__in=states, channel=Message.Channel.DISCORD_DM
    )
    count = waiting.update(
        **RESET
        | {
            "channel": Message.Channel.EMAIL,
            "state": Message.State.PENDING,
            "next_try_at": now,
            "fell_back_at": now,
            "not_sent_reason": why[:WHY_LENGTH],
        }
    )
    if count:
        nudge_email()
    return count


def reroute_pending(now: datetime) -> None:
    """Move or drop direct messages that are no longer wanted or possible.

    Messages whose sending was interrupted are left alone until a check shows whether they arrived.
    """
    waiting = list(
        Message.objects.filter(
            channel=Message.Channel.DISCORD_DM, state=Message.State.PENDING, due_at__lte=now
        )
    )
    routes = find_routes({DeliveryRequest.about(message) for message in waiting}, now)
    for message in waiting:
        _reroute_one(message, routes[DeliveryRequest.about(message)], now)


def _reroute_one(message: Message, route: DeliveryRoute, now: datetime) -> None:
    since = max(message.due_at, message.created_at)
    if not route.channel:
        mark_dropped(message.pk, why=route.why)
    elif route.channel == Message.Channel.EMAIL:
        reroute(message.pk, to=route.channel, now=now)
    elif now - since > DIRECT_TIMEOUT and has_address(message):
        fall_back_to_email([message.pk], why=TOO_SLOW, now=now)


def has_address(message: Message) -> bool:
    """Return whether an e-mail could be sent instead."""
    reachable = User.objects.filter(wants_email=True, email__isnull=False)
    return reachable.filter(messages=message).exists()
