"""A kind of message for tests: each active member of a group gets a note."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, Notification

PENDING_FOR = timedelta(days=1)
TEMPLATES = Path(__file__).parent / "templates"


def pending_notes(
    group_ids: frozenset[int] | None,
    since: datetime,
    now: datetime,
    channel: str = Message.Channel.EMAIL,
) -> Iterable[Message]:
    members = Membership.objects.filter(status=Membership.Status.ACTIVE)
    if group_ids is not None:
        members = members.filter(group__in=group_ids)
    for member in members:
        yield Message(
            key=f"note:{channel}:{member.pk}",
            kind="note",
            channel=channel,
            group_id=member.group_id,
            user_id=member.user_id,
            due_at=member.joined_at,
            cutoff_at=member.joined_at + PENDING_FOR,
        )


def pending_channel_notes(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Message]:
    return pending_notes(group_ids, since, now, Message.Channel.DISCORD_CHANNEL)


def fail_by_mistake(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Message]:
    raise ZeroDivisionError("a mistake")


def fail_with_broken_sql(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Message]:
    return User.objects.raw("SELECT no_such_column FROM cohorts_user")[0]


def pending_for_no_one(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Message]:
    """To a person that does not exist."""
    moment = now - timedelta(minutes=1)
    return [
        Message(
            key="note:nobody",
            kind="note",
            channel="email",
            user_id=10**9,
            due_at=moment,
            cutoff_at=now + PENDING_FOR,
        )
    ]


def note_context(message: Message, now: datetime) -> dict[str, Any]:
    if message.context.get("over"):
        raise MessageObsolete("The note is no longer true.")
    return {
        "said": message.context.get("said", "Hello"),
        "number": 1 // message.context.get("n", 1),
    }


NOTE = Notification("note", "", note_context)
