"""Pending answers in the database, so that a process that dies loses none.

    an interaction was deferred   -> `take` creates a row, which this process holds for a moment
    the final answer was shown    -> `settle` deletes the row
    the answer is in progress     -> `settle` keeps the row with the next ask
    the process died              -> the hold expires, and `take_due` returns it to another process

Times here are real, because Discord's limits do not follow the app's adjustable clock.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cohorts import clock
from cohorts.outbox.holds import why_held
from cohorts.services.installation import ensure_installation
from discordsync.bot.handlers import carry_out
from discordsync.bot.models import BotReply
from discordsync.bot.replies.answers import BotAnswer
from discordsync.bot.replies.rendering import render
from discordsync.bot.replies.requests import BotRequest, from_row
from discordsync.bot.replies.users import Asker
from discordsync.services import record_use

HELD = timedelta(seconds=10)  # longer than any answer takes
# Discord allows edits for 15 minutes; one is kept in reserve for calls in flight.
SHOWN_FOR = timedelta(minutes=14)
KEPT_FOR = timedelta(hours=24)
TRY_AGAIN = timedelta(seconds=5)
STILL_AT_IT = "\nDiscord no longer lets me update this message. I'll post here when it is finished."


@dataclass(frozen=True, slots=True)
class Reply:
    """One pending answer, as plain values.  `shown` is a digest of the text shown now."""

    interaction_id: int
    application_id: int
    token: str
    channel_id: int | None
    asker: Asker
    ask: BotRequest
    asked_at: datetime
    shown: str = ""

    def can_be_shown(self, now: datetime) -> bool:
        return now < self.asked_at + SHOWN_FOR


@dataclass(frozen=True, slots=True)
class Showing:
    """What to do for a reply now.

    `body` replaces the answer, `aloud` is posted in the channel; both may be empty.  Call `settle`
    afterwards.
    """

    reply: Reply
    answer: BotAnswer
    body: Mapping[str, Any] | None = None
    aloud: str = ""


def take(reply: Reply) -> Showing | None:
    """Answer an interaction.  Returns None for a duplicate, which is being answered already."""
    now = timezone.now()
    try:
        with transaction.atomic():
            BotReply.objects.create(**_fields(reply), look_at=now + HELD)
    except IntegrityError:
        return None
    record_use(reply.asker.discord_id, now=clock.now())
    return _answer(reply, now)


def take_due() -> list[Showing]:
    """Answer the replies that are due.  Each is returned to only one process."""
    now = timezone.now()
    due = BotReply.objects.filter(look_at__lte=now).order_by("look_at")[:10]
    return [_answer(_read(row), now) for row in due if _hold(row, now)]


def _hold(row: BotReply, now: datetime) -> bool:
    if row.asked_at < now - KEPT_FOR:
        row.delete()
        return False
    held = BotReply.objects.filter(pk=row.pk, look_at=row.look_at)
    return bool(held.update(look_at=now + HELD))


def _answer(reply: Reply, now: datetime) -> Showing:
    answer = carry_out(reply.ask, reply.asker, now=clock.now())
    if reply.can_be_shown(now):
        body = render(_last_words(reply, answer, now))
        changed = digest(body) != reply.shown
        return Showing(reply, answer, body=body if changed else None)
    may_say = not answer.again and answer.aloud and _is_ours_to_say(reply, now)
    return Showing(reply, answer, aloud=answer.aloud if may_say else "")


def _is_ours_to_say(reply: Reply, now: datetime) -> bool:
    """Return whether the original cannot have said it: staff have answered whose database this is,
    and it was asked after that question came up."""
    quiet_before = ensure_installation(now).quiet_before
    return not why_held(now) and (quiet_before is None or reply.asked_at >= quiet_before)


def _last_words(reply: Reply, answer: BotAnswer, now: datetime) -> BotAnswer:
    """Add to the last text that can be shown that the result will be posted."""
    if answer.again is None:
        return answer
    next_look = now + timedelta(seconds=answer.again.seconds)
    if reply.can_be_shown(next_look):
        return answer
    return replace(answer, text=answer.text[: 2000 - len(STILL_AT_IT)] + STILL_AT_IT)


def settle(showing: Showing, *, arrived: bool) -> None:
    """Update the row after showing an answer.  One that did not arrive is retried."""
    row = BotReply.objects.filter(pk=showing.reply.interaction_id)
    now = timezone.now()
    if not arrived:
        row.update(look_at=now + TRY_AGAIN)
    elif showing.answer.again is None:
        row.delete()
    else:
        again = showing.answer.again
        shown = digest(showing.body) if showing.body else showing.reply.shown
        row.update(
            ask=again.ask.as_row(), look_at=now + timedelta(seconds=again.seconds), shown=shown
        )


def drop(showing: Showing) -> None:
    """Delete an answer that cannot be shown: the user closed it, or the token has expired."""
    BotReply.objects.filter(pk=showing.reply.interaction_id).delete()


def digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def _fields(reply: Reply) -> dict[str, Any]:
    return {
        "interaction_id": reply.interaction_id,
        "application_id": reply.application_id,
        "token": reply.token,
        "channel_id": reply.channel_id,
        "discord_id": reply.asker.discord_id,
        "called": reply.asker.called[:80],
        "is_admin": reply.asker.is_admin,
        "ask": reply.ask.as_row(),
        "asked_at": reply.asked_at,
    }


def _read(row: BotReply) -> Reply:
    return Reply(
        interaction_id=row.interaction_id,
        application_id=row.application_id,
        token=row.token,
        channel_id=row.channel_id,
        asker=Asker(row.discord_id, row.called, row.is_admin),
        ask=from_row(row.ask),
        asked_at=row.asked_at,
        shown=row.shown,
    )
