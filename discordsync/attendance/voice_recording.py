"""Store what a connected bot sees in the voice channels, as coverage and sessions (`VoiceSession`).

Each call compares with what is stored, regardless of the event that triggered it.  An event that
was missed or arrived twice makes no difference after the next call.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

from django.db import transaction

from discordsync.models import DiscordObject, VoiceCoverage, VoiceSession
from discordsync.selectors import existing_channels

# How long a connection can be dead before it is noticed: the client sends a heartbeat every 41
# seconds and waits 60 seconds for the acknowledgement.
DOUBT = timedelta(minutes=2)

# Coverage that was not extended for this long belongs to a bot that has stopped.
GONE_AFTER = timedelta(minutes=2)


@transaction.atomic
def record_voice_states(
    listener: str, here: Mapping[int, Collection[int]], *, now: datetime
) -> None:
    """Store who is in our voice channels at `now`.

    `here` contains the account ids in each voice channel that the bot sees, including empty ones;
    channels that are not ours are ignored.  `listener` identifies one uninterrupted observation:
    nothing was missed between its first call and this one.
    """
    coverage, is_new = _extend(listener, here, now)
    places = {account: channel for channel in coverage for account in here[channel]}
    present = set()
    for session in VoiceSession.objects.filter(until__isnull=True).select_related("coverage"):
        is_there = places.get(session.discord_id) == session.coverage.channel_id
        if is_there and (
            session.coverage.listener == listener
            or (_is_alive(session.coverage, now) and not is_new)
        ):
            present.add(session.discord_id)
        else:
            _close(session, now)
    # Another bot may store the same sessions in this moment; in one order, so that neither fails.
    VoiceSession.objects.bulk_create(
        (
            VoiceSession(coverage=coverage[channel], discord_id=account, since=now)
            for account, channel in sorted(places.items())
            if account not in present
        ),
        ignore_conflicts=True,
    )


def _extend(
    listener: str, here: Mapping[int, Collection[int]], now: datetime
) -> tuple[dict[int, VoiceCoverage], bool]:
    """Extend this listener's coverage to `now`; return it by channel, and whether it is new."""
    groups = our_channels(here)
    mine = VoiceCoverage.objects.filter(listener=listener)
    before = list(mine)
    held = {row.channel_id: row for row in before if groups.get(row.channel_id) == row.group_id}
    if len(held) < len(before):
        # A channel that was hidden for a while, or has changed groups, gets new coverage.
        mine.exclude(pk__in=[row.pk for row in held.values()]).update(listener="")
    mine.update(covered_until=now)
    new = [
        VoiceCoverage(
            listener=listener, group_id=group, channel_id=channel, since=now, covered_until=now
        )
        for channel, group in groups.items()
        if channel not in held
    ]
    made = {row.channel_id: row for row in VoiceCoverage.objects.bulk_create(new)}
    return held | made, not held


def _is_alive(row: VoiceCoverage, now: datetime) -> bool:
    """Return whether another bot seems to observe the channel as well."""
    return bool(row.listener) and row.covered_until > now - GONE_AFTER


def our_channels(channel_ids: Collection[int]) -> dict[int, int]:
    """Return those channels that are groups' voice channels, with the group's id."""
    ours = existing_channels(DiscordObject.Kind.VOICE_CHANNEL).filter(outside_id__in=channel_ids)
    return {row.outside_id: row.group_id for row in ours if row.outside_id and row.group_id}


def _close(session: VoiceSession, now: datetime) -> None:
    """Close a session at the last moment at which it is known to have lasted."""
    session.until = max(session.since, min(now, session.coverage.covered_until))
    session.save(update_fields=["until"])


def doubt(listener: str) -> None:
    """Shorten a listener's coverage by `DOUBT`: a broken connection may have been dead before.

    The next call must use another listener.
    """
    coverage = list(VoiceCoverage.objects.filter(listener=listener))
    for row in coverage:
        row.covered_until = max(row.since, row.covered_until - DOUBT)
    VoiceCoverage.objects.bulk_update(coverage, ["covered_until"])


def forget_before(moment: datetime) -> None:
    """Delete sessions and coverage that ended before this moment."""
    VoiceSession.objects.filter(until__lt=moment).delete()
    VoiceCoverage.objects.filter(covered_until__lt=moment).delete()
