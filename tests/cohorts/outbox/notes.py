"""A kind of message for tests: each active member of a group is owed a note."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from cohorts.outbox.sources import NoLongerTrue, Notification, Owed

OWED_FOR = timedelta(days=1)
TEMPLATES = Path(__file__).parent / "templates"


def owe_notes(
    group_ids: frozenset[int] | None,
    since: datetime,
    now: datetime,
    channel: str = Message.Channel.EMAIL,
) -> Iterable[Owed]:
    members = Membership.objects.filter(status=Membership.Status.ACTIVE)
    if group_ids is not None:
        members = members.filter(group__in=group_ids)
    for member in members:
        yield Owed(
            key=f"note:{channel}:{member.pk}",
            kind="note",
            channel=channel,
            group_id=member.group_id,
            user_id=member.user_id,
            due_at=member.joined_at,
            cutoff_at=member.joined_at + OWED_FOR,
        )


def owe_channel_notes(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Owed]:
    return owe_notes(group_ids, since, now, Message.Channel.DISCORD_CHANNEL)


def owe_nothing_but_a_mistake(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Owed]:
    raise ZeroDivisionError("a mistake")


def owe_with_broken_sql(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Owed]:
    return User.objects.raw("SELECT no_such_column FROM cohorts_user")[0]


def owe_to_nobody(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Owed]:
    """To a person that does not exist."""
    moment = now - timedelta(minutes=1)
    return [Owed("note:nobody", "note", "email", None, 10**9, moment, now + OWED_FOR)]


def note_context(message: Message, now: datetime) -> dict[str, Any]:
    if message.context.get("over"):
        raise NoLongerTrue("The note is no longer true.")
    return {
        "said": message.context.get("said", "Hello"),
        "number": 1 // message.context.get("n", 1),
    }


NOTE = Notification("note", "", note_context)
