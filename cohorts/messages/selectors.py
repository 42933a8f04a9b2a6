"""Reading the outbox."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Min, Q, QuerySet

from cohorts.messages import discord_text
from cohorts.messages.models import UNSENT, Message
from cohorts.messages.owed import NoLongerTrue
from cohorts.messages.rendering import words_of
from cohorts.models import Installation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DueMessage:
    """One message to be sent now.

    `nonce` (25 characters at most) is the same for each try.  `tried_at` is the moment since which
    it may have arrived already, or None when it certainly has not.
    """

    id: int
    key: str
    kind: str
    group_id: int | None
    user_id: int | None
    text: str
    nonce: str
    tried_at: datetime | None
    cutoff_at: datetime
    context: Mapping[str, Any] = field(default_factory=dict)  # what it is about

    @property
    def mentions(self) -> tuple[int, ...]:
        """The Discord ids that it may ping; everybody else's are to be forbidden in the call."""
        return discord_text.mentioned(self.text)


def due_messages(channel: str, now: datetime) -> list[DueMessage]:
    """What is to be sent on a channel now, the longest due first.

    Two queries, and what a kind's context needs for words that are not fixed yet.  A message whose
    words cannot be made is left out; `services.weed_out` notes why.
    """
    installation = Installation.objects.filter(pk=1).first()
    if installation and installation.silenced_at:
        return []  # a copy sends nothing until staff allow it
    rows = sendable(channel, now, installation)
    found = (_with_words(row, installation, now) for row in rows)
    return [message for message in found if message is not None]


def sendable(channel: str, now: datetime, installation: Installation | None) -> QuerySet[Message]:
    """Unsent messages of a channel whose time has come and is not over."""
    rows = Message.objects.filter(
        channel=channel,
        state__in=UNSENT,
        due_at__lte=now,
        next_try_at__lte=now,
        cutoff_at__gt=now,
    )
    if installation and installation.quiet_before:
        is_ours = Q(due_at__gte=installation.quiet_before) | Q(released_at__isnull=False)
        rows = rows.filter(is_ours)
    return rows.select_related("user", "group__cohort__course").order_by("due_at", "pk")


def next_tries(channel: str, now: datetime) -> dict[int, datetime]:
    """When a message of each group is to be tried (again) next, for those that wait.  One query."""
    waiting = Message.objects.filter(
        channel=channel, state__in=UNSENT, next_try_at__gt=now, group__isnull=False
    )
    return dict(waiting.order_by().values_list("group").annotate(Min("next_try_at")))


def _with_words(
    message: Message, installation: Installation | None, now: datetime
) -> DueMessage | None:
    try:
        text = words_of(message, now).text
    except NoLongerTrue:
        return None
    except Exception:
        logger.exception("The words of message %s cannot be made", message.key)
        return None
    perhaps_arrived = message.state == Message.State.SENDING
    return DueMessage(
        id=message.pk,
        key=message.key,
        kind=message.kind,
        group_id=message.group_id,
        user_id=message.user_id,
        text=text,
        nonce=fingerprint(message.key, installation)[:25],
        tried_at=message.tried_at if perhaps_arrived else None,
        cutoff_at=message.cutoff_at,
        context=message.context,
    )


def fingerprint(key: str, installation: Installation | None) -> str:
    """A name of the message that is the same for each try, and another in another installation."""
    mark = installation.installation_id if installation else ""
    return hashlib.sha256(f"{mark}:{key}".encode()).hexdigest()[:40]
