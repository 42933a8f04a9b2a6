"""Queries for the outbox."""

import hashlib
import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Min, Q, QuerySet

from cohorts.models import Installation
from cohorts.outbox.models import UNSENT, Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import get_content

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueMessage:
    """One message to be sent now.

    `nonce` (25 characters at most) is the same for each attempt.  `tried_at` is the earliest time
    at which it may have arrived, or None if it certainly has not.
    """

    id: int
    key: str
    kind: str
    channel: str
    group_id: int | None
    user_id: int | None
    text: str
    nonce: str
    tried_at: datetime | None
    cutoff_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)  # ids of what it is about


def due_messages(
    channels: Collection[str], now: datetime, *, only_begun: bool = False
) -> list[DueMessage]:
    """Return the messages to be sent on these channels now, the earliest due first.

    `only_begun`: only those whose sending has begun, so that they may have arrived.

    Costs two queries, plus those of the context functions for text that is not stored yet.  A
    message that cannot be rendered is left out; `services.drop_obsolete` records why.
    """
    installation = Installation.objects.filter(pk=1).first()
    if installation and installation.silenced_at:
        return []  # a copy sends nothing until staff allow it
    rows = sendable(channels, now, installation)
    if only_begun:
        rows = rows.filter(state=Message.State.SENDING)
    found = (_build_due(row, installation, now) for row in rows)
    return [message for message in found if message is not None]


def sendable(
    channels: Collection[str], now: datetime, installation: Installation | None
) -> QuerySet[Message]:
    """Return the unsent messages of these channels that are due and not past their cutoff."""
    rows = Message.objects.filter(
        channel__in=channels,
        state__in=UNSENT,
        due_at__lte=now,
        next_try_at__lte=now,
        cutoff_at__gt=now,
    )
    if installation and installation.quiet_before:
        is_ours = Q(due_at__gte=installation.quiet_before) | Q(released_at__isnull=False)
        rows = rows.filter(is_ours)
    return rows.select_related("user", "group__cohort__course").order_by("due_at", "pk")


def next_tries(channels: Collection[str], now: datetime) -> dict[int, datetime]:
    """Return the time of the next attempt by group id, for groups with waiting messages.  One
    query."""
    waiting = Message.objects.filter(
        channel__in=channels, state__in=UNSENT, next_try_at__gt=now, group__isnull=False
    )
    return dict(waiting.order_by().values_list("group").annotate(Min("next_try_at")))


def _build_due(
    message: Message, installation: Installation | None, now: datetime
) -> DueMessage | None:
    try:
        text = get_content(message, now).text
    except MessageObsolete:
        return None
    except Exception:
        logger.exception("The text of message %s cannot be rendered", message.key)
        return None
    perhaps_arrived = message.state == Message.State.SENDING
    return DueMessage(
        id=message.pk,
        key=message.key,
        kind=message.kind,
        channel=message.channel,
        group_id=message.group_id,
        user_id=message.user_id,
        text=text,
        nonce=fingerprint(message.key, installation)[:25],
        tried_at=message.tried_at if perhaps_arrived else None,
        cutoff_at=message.cutoff_at,
        context=message.context,
    )


def fingerprint(key: str, installation: Installation | None) -> str:
    """Return an id of the message, the same for each attempt but different in another
    installation."""
    installation_id = installation.installation_id if installation else ""
    return hashlib.sha256(f"{installation_id}:{key}".encode()).hexdigest()[:40]
