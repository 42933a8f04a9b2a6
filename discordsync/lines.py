"""Direct lines in the database: whom the bot may write to, and how many for the first time.

Discord quarantines bots that write to many people for the first time.  So a line begins with the
person's own use of the bot, new ones are asked for a few an hour and a day, none within an hour of
a realize, and an answer that smells of quarantine shuts all of them until staff have looked.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings

from cohorts.messages import parts, ways
from cohorts.messages.lines import Line
from cohorts.messages.models import Message
from cohorts.models import Group, User
from cohorts.sync.models import GroupSync
from discordsync.models import DirectLine

PART = Message.Channel.DISCORD_DM.value  # of the outbox
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSALS = 3  # people in an hour whom the bot may not even open a channel to: it is not them
SHUT = "Discord looks on the bot as one that bothers people. {said}"


def read_lines(user_ids: Collection[int], now: datetime) -> dict[int, Line]:
    """Five queries; whoever never used the bot is left out."""
    lines = {line.discord_id: line for line in _lines_of(user_ids)}
    if not lines:
        return {}
    accounts = User.objects.filter(pk__in=user_ids, discord_id__in=lines)
    if parts.is_shut(PART):
        return dict.fromkeys(accounts.values_list("pk", flat=True), Line.CLOSED)
    is_room = count_room(now) > 0
    return {
        pk: _state_of(lines[account], is_room=is_room)
        for pk, account in accounts.values_list("pk", "discord_id")
        if account
    }


def _lines_of(user_ids: Collection[int]) -> list[DirectLine]:
    accounts = User.objects.filter(pk__in=user_ids, discord_id__isnull=False)
    return list(DirectLine.objects.filter(discord_id__in=accounts.values("discord_id")))


def _state_of(line: DirectLine, *, is_room: bool) -> Line:
    if line.closed_at:
        return Line.CLOSED
    return Line.OPEN if line.channel_id or is_room else Line.WAITS


def read_channels(user_ids: Collection[int]) -> dict[int, tuple[int, int | None]]:
    """By person: the Discord account and its channel, None where it was not asked for yet."""
    channels = {line.discord_id: line.channel_id for line in _lines_of(user_ids)}
    accounts = User.objects.filter(pk__in=user_ids, discord_id__in=channels)
    return {
        pk: (account, channels[account])
        for pk, account in accounts.values_list("pk", "discord_id")
        if account
    }


def count_room(now: datetime) -> int:
    """How many more people may be written to for the first time just now.  Up to four queries."""
    if _is_realizing(now):
        return 0
    asked = DirectLine.objects.filter(asked_at__gt=now - DAY)
    left_today = settings.DIRECTS["new_a_day"] - asked.count()
    left_this_hour = settings.DIRECTS["new_an_hour"] - asked.filter(asked_at__gt=now - HOUR).count()
    return max(min(left_today, left_this_hour), 0)


def _is_realizing(now: datetime) -> bool:
    """Whether a realize was asked for or has ended within the hour: it writes to nobody directly,
    nor does what follows from it at once."""
    since = now - HOUR
    return (
        GroupSync.objects.filter(mirror="discord", create_asked_at__gt=since).exists()
        or Group.objects.filter(activated_at__gt=since).exists()
    )


# -- what became of a line -----------------------------------------------------------------------


def note_asked(discord_id: int, *, now: datetime) -> None:
    """Before the call: an attempt counts whatever comes of it."""
    DirectLine.objects.filter(discord_id=discord_id).update(asked_at=now)


def note_opened(discord_id: int, channel_id: int) -> None:
    DirectLine.objects.filter(discord_id=discord_id).update(channel_id=channel_id)


def close(discord_id: int, *, why: str, now: datetime) -> None:
    """The person takes no direct messages: everything that waits for them goes by e-mail."""
    DirectLine.objects.filter(discord_id=discord_id).update(closed_at=now, why_closed=why[:300])
    ways.fall_back(_waiting(user__discord_id=discord_id), why=why, now=now)


def note_not_opened(discord_id: int, *, why: str, now: datetime) -> None:
    """Even the channel was refused.  That happens to single people; to several it is about us."""
    close(discord_id, why=why, now=now)
    since = now - HOUR
    refused = DirectLine.objects.filter(
        asked_at__gt=since, closed_at__gt=since, channel_id__isnull=True
    )
    if refused.count() >= REFUSALS:
        shut(said=why, now=now)


def forget_channel(discord_id: int) -> None:
    """Discord does not know it any more: another is asked for when it is needed."""
    DirectLine.objects.filter(discord_id=discord_id).update(channel_id=None)


def shut(*, said: str, now: datetime) -> None:
    """No direct message to anybody, until staff open the channel again."""
    parts.shut(PART, SHUT.format(said=said), now=now)
    ways.fall_back(_waiting(), why="Direct messages are shut.", now=now)


def _waiting(**whose: object) -> list[int]:
    """Direct messages that certainly have not arrived."""
    rows = Message.objects.filter(
        channel=Message.Channel.DISCORD_DM, state=Message.State.OWED, **whose
    )
    return list(rows.values_list("pk", flat=True))
