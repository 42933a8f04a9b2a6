"""Real messages of a kind to look at: those that were owed, else those that facts will make owed.

Sources are functions of facts and a moment, so a later moment can be asked without anything being
written.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.messages.models import Message
from cohorts.messages.owed import NoLongerTrue, Owed
from cohorts.messages.rendering import Words, render
from cohorts.messages.topics import speaks

logger = logging.getLogger(__name__)

SHOWN = 50
# Reminders are owed for half a day, or for three quarters of an hour; this finds the longer ones.
MOMENTS = tuple(timedelta(hours=hours) for hours in range(0, 15 * 24, 12))
Channel = Message.Channel


@dataclass(frozen=True, slots=True)
class Sample:
    """A message, unsaved where it is not owed yet, and the moment at which it is looked at."""

    message: Message
    moment: datetime

    def __str__(self) -> str:
        to = self.message.user or "the channel"
        return (
            f"{to} · {self.message.group or 'no group'} · {self.message.due_at:%Y-%m-%d %H:%M} UTC"
        )


@dataclass(frozen=True, slots=True)
class Shown:
    """One way of sending, with its words, or why there are none."""

    channel: Channel
    words: Words | None
    why: str = ""


def find_samples(kind: str, now: datetime) -> list[Sample]:
    """Those to people first, which show more ways; of each the newest first."""
    rows = Message.objects.filter(kind=kind).select_related("user", "group__cohort__course")
    owed = [Sample(row, now) for row in rows.order_by("-due_at", "-pk")[:SHOWN]]
    found = owed or _find_coming(kind, now)
    return sorted(found, key=lambda sample: sample.message.user_id is None)


def _find_coming(kind: str, now: datetime) -> list[Sample]:
    for ahead in MOMENTS:
        moment = now + ahead
        found = [_unsaved(one) for one in _owed_at(moment) if one.kind == kind]
        if found:
            return [Sample(message, moment) for message in found[:SHOWN]]
    return []


def _owed_at(moment: datetime) -> Iterator[Owed]:
    for path in settings.MESSAGE_SOURCES:
        try:
            owed = list(import_string(path)(None, moment))
        except Exception:  # its failure is told elsewhere, and hides no other kind
            logger.exception("The message source %s failed", path)
            continue
        yield from (one for one in owed if one.due_at <= moment < one.cutoff_at)


def _unsaved(one: Owed) -> Message:
    return Message(
        key=one.key,
        kind=one.kind,
        channel=one.channel,
        group_id=one.group_id,
        user_id=one.user_id,
        context=dict(one.context),
        due_at=one.due_at,
        cutoff_at=one.cutoff_at,
    )


def show_all_ways(sample: Sample) -> list[Shown]:
    """The words as facts make them, on each channel by which such a message can go."""
    to_person = sample.message.user_id is not None
    ways = (Channel.EMAIL, Channel.DISCORD_DM) if to_person else (Channel.DISCORD_CHANNEL,)
    return [_show(sample, way) for way in ways if _has_words(sample.message.kind, way)]


def _has_words(kind: str, channel: Channel) -> bool:
    return speaks(kind, "text" if channel == Channel.EMAIL else channel)


def _show(sample: Sample, channel: Channel) -> Shown:
    try:
        return Shown(channel, render(sample.message, sample.moment, channel=channel))
    except NoLongerTrue as error:
        return Shown(channel, None, f"It would not be sent now: {error.why}")
    except Exception as error:  # the page is the place to see a template's mistake
        return Shown(channel, None, f"The words cannot be made: {error}")
