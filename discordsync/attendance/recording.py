"""Store what a connected bot sees in the voice channels, as watches and sessions (`VoiceStay`).

Each call compares with what is stored, regardless of the event that triggered it.  An event that
was missed or arrived twice makes no difference after the next call.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from discordsync.models import DiscordObject, VoiceStay, VoiceWatch

# How long a connection can be dead before it is noticed: the client sends a heartbeat every 41
# seconds and waits 60 seconds for the acknowledgement.
DOUBT = timedelta(minutes=2)

# A watch that was not extended for this long belongs to a bot that has stopped.
GONE_AFTER = timedelta(minutes=2)


@transaction.atomic
def record_presence(ear: str, here: Mapping[int, Collection[int]], *, now: datetime) -> None:
    """Store who is in our voice channels at `now`.

    `here` contains the account ids in each voice channel that the bot sees, including empty ones;
    channels that are not ours are ignored.  `ear` identifies one uninterrupted observation: nothing
    was missed between its first call and this one.
    """
    watches, is_new = _extend(ear, here, now)
    places = {account: channel for channel in watches for account in here[channel]}
    staying = set()
    for stay in VoiceStay.objects.filter(until__isnull=True).select_related("watch"):
        is_there = places.get(stay.discord_id) == stay.watch.channel_id
        if is_there and (stay.watch.ear == ear or (_is_alive(stay.watch, now) and not is_new)):
            staying.add(stay.discord_id)
        else:
            _close(stay, now)
    VoiceStay.objects.bulk_create(
        VoiceStay(watch=watches[channel], discord_id=account, since=now)
        for account, channel in places.items()
        if account not in staying
    )


def _extend(
    ear: str, here: Mapping[int, Collection[int]], now: datetime
) -> tuple[dict[int, VoiceWatch], bool]:
    """Return this ear's watches, extended to `now`, by channel, and whether they are its first."""
    groups = our_channels(here)
    mine = VoiceWatch.objects.filter(ear=ear)
    before = list(mine)
    held = {row.channel_id: row for row in before if groups.get(row.channel_id) == row.group_id}
    if len(held) < len(before):
        # A channel that was hidden for a while, or has changed groups, gets a new watch.
        mine.exclude(pk__in=[row.pk for row in held.values()]).update(ear="")
    mine.update(heard_until=now)
    new = [
        VoiceWatch(ear=ear, group_id=group, channel_id=channel, since=now, heard_until=now)
        for channel, group in groups.items()
        if channel not in held
    ]
    made = {watch.channel_id: watch for watch in VoiceWatch.objects.bulk_create(new)}
    return held | made, not held


def _is_alive(watch: VoiceWatch, now: datetime) -> bool:
    """Return whether another bot seems to observe the channel as well."""
    return bool(watch.ear) and watch.heard_until > now - GONE_AFTER


def our_channels(channel_ids: Collection[int]) -> dict[int, int]:
    """Return those channels that are groups' voice channels, with the group's id."""
    ours = DiscordObject.objects.filter(
        kind=DiscordObject.Kind.VOICE_CHANNEL, outside_id__in=channel_ids, gone_at__isnull=True
    )
    return {row.outside_id: row.group_id for row in ours if row.outside_id and row.group_id}


def _close(stay: VoiceStay, now: datetime) -> None:
    """Close a session at the last moment at which it is known to have lasted."""
    stay.until = max(stay.since, min(now, stay.watch.heard_until))
    stay.save(update_fields=["until"])


def doubt(ear: str) -> None:
    """Shorten an ear's watches by `DOUBT`, because a broken connection may have been dead before.

    The next call must use another ear.
    """
    watches = list(VoiceWatch.objects.filter(ear=ear))
    for watch in watches:
        watch.heard_until = max(watch.since, watch.heard_until - DOUBT)
    VoiceWatch.objects.bulk_update(watches, ["heard_until"])


def forget_before(moment: datetime) -> None:
    """Delete sessions and watches that ended before this moment."""
    VoiceStay.objects.filter(until__lt=moment).delete()
    VoiceWatch.objects.filter(heard_until__lt=moment).delete()
