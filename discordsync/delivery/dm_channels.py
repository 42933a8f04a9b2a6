"""Direct-message channels in the database: who the bot may write to, and how many are new.

Discord quarantines bots that write to many people for the first time.  Therefore a person must have
used the bot first, new channels are limited per hour and per day, none is opened within an hour of
a realize, and an error that suggests a quarantine disables all of them until staff have checked.
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Q

from cohorts.models import Group, User
from cohorts.outbox import rerouting
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message
from cohorts.outbox.routing.dm_channels import DmStatus
from cohorts.reconcile.models import GroupSync
from discordsync.models import DmChannel

CHANNEL = Message.Channel.DISCORD_DM.value  # of the outbox
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
REFUSALS = 3  # people in an hour whose channels are refused: the bot is then the cause
FLAGGED = "Discord has flagged the bot for spam. {response}"


def read_statuses(user_ids: Collection[int], now: datetime) -> dict[int, DmStatus]:
    """Return the state of each person's channel, without those who never used the bot.

    Five queries.
    """
    channels = _channels_of(user_ids)
    if not channels:
        return {}
    if parts.is_closed(CHANNEL):
        return dict.fromkeys(channels, DmStatus.CLOSED)
    is_allowed = count_allowed(now) > 0
    return {pk: _status_of(channel, is_allowed=is_allowed) for pk, channel in channels.items()}


def _channels_of(user_ids: Collection[int]) -> dict[int, DmChannel]:
    """Return the channels by user id.  Two queries."""
    people = User.objects.filter(pk__in=user_ids, discord_id__isnull=False)
    accounts = {account: pk for account, pk in people.values_list("discord_id", "pk") if account}
    found = DmChannel.objects.filter(discord_id__in=accounts)
    return {accounts[channel.discord_id]: channel for channel in found}


def _status_of(channel: DmChannel, *, is_allowed: bool) -> DmStatus:
    if channel.refused_at:
        return DmStatus.CLOSED
    return DmStatus.OPEN if channel.channel_id or is_allowed else DmStatus.WAITS


def read_channels(user_ids: Collection[int]) -> dict[int, tuple[int, int | None]]:
    """Return each person's Discord account and channel id, None if it was not requested yet."""
    channels = _channels_of(user_ids).items()
    return {pk: (channel.discord_id, channel.channel_id) for pk, channel in channels}


def count_allowed(now: datetime) -> int:
    """Return how many new channels may be opened now.  Up to four queries."""
    if _is_realizing(now):
        return 0
    asked = DmChannel.objects.filter(channel_requested_at__gt=now - DAY)
    left_today = settings.DM_LIMITS["new_a_day"] - asked.count()
    left_this_hour = (
        settings.DM_LIMITS["new_an_hour"]
        - asked.filter(channel_requested_at__gt=now - HOUR).count()
    )
    return max(min(left_today, left_this_hour), 0)


def _is_realizing(now: datetime) -> bool:
    """Return whether a group was requested, set up or activated within the last hour.

    A realize, and what directly follows from it, opens no direct-message channels.
    """
    since = now - HOUR
    return (
        GroupSync.objects.filter(provider="discord", realize_requested_at__gt=since).exists()
        or Group.objects.filter(Q(set_up_at__gt=since) | Q(activated_at__gt=since)).exists()
    )


# -- results of calls ----------------------------------------------------------------------------


def record_request(discord_id: int, *, now: datetime) -> None:
    """Store that a channel is requested.  Called before the call, since failed attempts count."""
    DmChannel.objects.filter(discord_id=discord_id).update(channel_requested_at=now)


def record_opened(discord_id: int, channel_id: int) -> None:
    DmChannel.objects.filter(discord_id=discord_id).update(channel_id=channel_id)


def close(discord_id: int, *, why: str, now: datetime) -> None:
    """Close the channel of a person who accepts no messages; pending ones go by e-mail."""
    DmChannel.objects.filter(discord_id=discord_id).update(refused_at=now, refused_reason=why[:300])
    rerouting.fall_back_to_email(_pending_ids(user__discord_id=discord_id), why=why, now=now)


def record_refusal(discord_id: int, *, why: str, now: datetime) -> None:
    """Close a channel that Discord refused to open.  If there are several, the bot is the cause."""
    close(discord_id, why=why, now=now)
    since = now - HOUR
    refused = DmChannel.objects.filter(
        channel_requested_at__gt=since, refused_at__gt=since, channel_id__isnull=True
    )
    if refused.count() >= REFUSALS:
        close_all(response=why, now=now)


def forget_channel(discord_id: int) -> None:
    """Forget a channel that Discord no longer knows; another one is requested when needed."""
    DmChannel.objects.filter(discord_id=discord_id).update(channel_id=None)


def close_all(*, response: str, now: datetime) -> None:
    """Disable direct messages to everyone until staff enable them again."""
    parts.close(CHANNEL, FLAGGED.format(response=response), now=now)
    rerouting.fall_back_to_email(_pending_ids(), why="Direct messages are paused.", now=now)


def _pending_ids(**whose: object) -> list[int]:
    """Return the ids of pending direct messages that have certainly not arrived."""
    rows = Message.objects.filter(
        channel=Message.Channel.DISCORD_DM, state=Message.State.PENDING, **whose
    )
    return list(rows.values_list("pk", flat=True))
