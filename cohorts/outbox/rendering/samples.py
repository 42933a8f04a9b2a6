"""Find real messages of a kind for a preview: existing ones, or else upcoming ones.

Sources are functions of the facts and a time, so they can be called for a later time without
writing anything.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from operator import attrgetter

from django.db.models import Prefetch, prefetch_related_objects

from cohorts.admin_base.reader_time import show_time
from cohorts.models import Group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_sources
from cohorts.outbox.rendering.render import MessageContent, has_template, render

logger = logging.getLogger(__name__)

SHOWN = 50
AHEAD = timedelta(days=14)
Channel = Message.Channel


@dataclass(frozen=True, slots=True)
class Sample:
    """A message, unsaved if it is not pending yet, and the time at which to render it."""

    message: Message
    moment: datetime

    def __str__(self) -> str:
        to = self.message.user or "the channel"
        return f"{to} · {self.message.group or 'no group'} · {show_time(self.message.due_at)}"


@dataclass(frozen=True, slots=True)
class ChannelPreview:
    """The text on one channel, or why there is none."""

    channel: Channel
    content: MessageContent | None
    why: str = ""


def find_samples(kind: str, now: datetime) -> list[Sample]:
    """Return the samples, messages to people first because they have more channels, newest
    first."""
    rows = Message.objects.filter(kind=kind).select_related("user", "group__cohort__course")
    pending = [Sample(row, now) for row in rows.order_by("-due_at", "-pk")[:SHOWN]]
    found = pending or _find_upcoming(kind, now)
    return sorted(found, key=lambda sample: sample.message.user_id is None)


def _find_upcoming(kind: str, now: datetime) -> list[Sample]:
    """Return what the facts of today make due in the next days, each at its own time."""
    found = [one for one in _pending_until(now + AHEAD, now) if one.kind == kind]
    found = sorted(found, key=attrgetter("due_at"))[:SHOWN]
    groups = Group.objects.select_related("cohort__course")
    prefetch_related_objects(found, "user", Prefetch("group", groups))
    return [Sample(one, max(one.due_at, now)) for one in found]


def _pending_until(until: datetime, now: datetime) -> Iterator[Message]:
    for name, source in message_sources.items():
        try:
            pending = list(source(None, now - AHEAD, until))  # events of the last days too
        except Exception:  # `collect` reports it; other sources must still be shown
            logger.exception("The message source %s failed", name)
            continue
        yield from (one for one in pending if one.due_at <= until and now < one.cutoff_at)


def preview_channels(sample: Sample) -> list[ChannelPreview]:
    """Render the message on each channel on which it can be sent."""
    to_person = sample.message.user_id is not None
    channels = (Channel.EMAIL, Channel.DISCORD_DM) if to_person else (Channel.DISCORD_CHANNEL,)
    return [
        _preview(sample, channel)
        for channel in channels
        if has_template(sample.message.kind, "text" if channel == Channel.EMAIL else channel)
    ]


def _preview(sample: Sample, channel: Channel) -> ChannelPreview:
    try:
        return ChannelPreview(channel, render(sample.message, sample.moment, channel=channel))
    except MessageObsolete as error:
        return ChannelPreview(channel, None, f"It would no longer be sent: {error.why}")
    except Exception as error:  # this page is where staff see template errors
        return ChannelPreview(channel, None, f"The text cannot be rendered: {error}")
