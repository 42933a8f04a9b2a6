"""Pending answers in the database, so that a process that dies loses none.

    an interaction was deferred   -> `answer_interaction` creates a row, claimed for a moment
    the final answer was shown    -> `finish_update` deletes the row
    the answer is in progress     -> `finish_update` stores the next request in the row
    the process died              -> the claim expires, and another process's `answer_due` gets it

Times here are real, because Discord's limits do not follow the app's adjustable clock.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from cohorts import clock
from cohorts.models import Installation
from cohorts.outbox.holds import why_held
from discordsync.bot.handlers import answer_request
from discordsync.bot.models import BotReply
from discordsync.bot.replies.bot_answer import BotAnswer
from discordsync.bot.replies.rendering import render
from discordsync.bot.replies.requests import from_row
from discordsync.bot.replies.users import BotUser
from discordsync.delivery.discord_text import LIMIT, fit
from discordsync.services import record_use

CLAIM = timedelta(seconds=10)  # longer than any answer takes
# Discord allows edits for 15 minutes; one is kept in reserve for calls in flight.
SHOWN_FOR = timedelta(minutes=14)
KEPT_FOR = timedelta(hours=24)
RETRY = timedelta(seconds=5)
WILL_POST = "\nDiscord no longer lets me update this message. I'll post here when it is finished."


@dataclass(frozen=True, slots=True)
class ReplyUpdate:
    """What to do for a reply now.

    `body` replaces the answer, `public_text` is posted in the channel; both may be empty.  Call
    `finish_update` afterwards.
    """

    reply: BotReply
    answer: BotAnswer
    body: Mapping[str, Any] | None = None
    public_text: str = ""


def answer_interaction(reply: BotReply) -> ReplyUpdate | None:
    """Store and answer an interaction.  Returns None for a duplicate, which is being answered
    already."""
    now = timezone.now()
    reply.next_at = now + CLAIM
    try:
        with transaction.atomic():
            reply.save(force_insert=True)
    except IntegrityError:
        return None
    record_use(reply.discord_id, now=clock.now())
    return _answer(reply, now)


def answer_due() -> list[ReplyUpdate]:
    """Answer the replies that are due.  Each is returned to only one process."""
    now = timezone.now()
    due = BotReply.objects.filter(next_at__lte=now).order_by("next_at")[:10]
    return [_answer(row, now) for row in due if _claim(row, now)]


def _claim(row: BotReply, now: datetime) -> bool:
    if row.requested_at < now - KEPT_FOR:
        row.delete()
        return False
    held = BotReply.objects.filter(pk=row.pk, next_at=row.next_at)
    return bool(held.update(next_at=now + CLAIM))


def _answer(reply: BotReply, now: datetime) -> ReplyUpdate:
    user = BotUser(reply.discord_id, reply.asker_name, reply.is_admin)
    answer = answer_request(from_row(reply.request), user, now=clock.now())
    if _can_be_shown(reply, now):
        body = render(_add_notice(reply, answer, now))
        changed = digest(body) != reply.shown_digest
        return ReplyUpdate(reply, answer, body=body if changed else None)
    may_say = not answer.follow_up and answer.public_text and _may_post(reply, now)
    return ReplyUpdate(reply, answer, public_text=answer.public_text if may_say else "")


def _can_be_shown(reply: BotReply, now: datetime) -> bool:
    return now < reply.requested_at + SHOWN_FOR


def _may_post(reply: BotReply, now: datetime) -> bool:
    """Return whether the original cannot have said it: staff have answered whose database this is,
    and it was asked after that question came up."""
    quiet_before = Installation.objects.ensure(now).quiet_before
    return not why_held(now) and (quiet_before is None or reply.requested_at >= quiet_before)


def _add_notice(reply: BotReply, answer: BotAnswer, now: datetime) -> BotAnswer:
    """Add to the last text that can be shown that the result will be posted."""
    if answer.follow_up is None:
        return answer
    next_look = now + timedelta(seconds=answer.follow_up.seconds)
    if _can_be_shown(reply, next_look):
        return answer
    return replace(answer, text=fit(answer.text, LIMIT - len(WILL_POST)) + WILL_POST)


def finish_update(update: ReplyUpdate, *, arrived: bool) -> None:
    """Update the row after showing an answer.  One that did not arrive is retried."""
    row = BotReply.objects.filter(pk=update.reply.pk)
    now = timezone.now()
    if not arrived:
        row.update(next_at=now + RETRY)
    elif update.answer.follow_up is None:
        row.delete()
    else:
        follow_up = update.answer.follow_up
        shown = digest(update.body) if update.body else update.reply.shown_digest
        row.update(
            request=follow_up.request.as_row(),
            next_at=now + timedelta(seconds=follow_up.seconds),
            shown_digest=shown,
        )


def delete_reply(update: ReplyUpdate) -> None:
    """Delete an answer that cannot be shown: the user closed it, or the token has expired."""
    BotReply.objects.filter(pk=update.reply.pk).delete()


def digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
