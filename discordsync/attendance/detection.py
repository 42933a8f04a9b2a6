"""Turn voice sessions into attendances."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from cohorts.models import Membership, User
from discordsync.models import VoiceCoverage, VoiceSession
from meetings.attendance.detection import (
    MAX_DURATION,
    VoiceObservation,
    meetings_to_check,
    record_presence,
)
from meetings.attendance.presence import OPENS_BEFORE, Span
from meetings.models import Attendance


def detect_presence(since: datetime, now: datetime) -> int:
    """Check in everyone who was at the meetings that were not over at `since`.

    A constant number of queries for any number of meetings.  Returns how many attendances changed.
    """
    meetings = meetings_to_check(since, now)
    groups = {meeting.group_id for meeting in meetings}
    if not groups:
        return 0
    return record_presence(
        meetings, read_observations(groups, since - MAX_DURATION - OPENS_BEFORE), now=now
    )


def read_observations(group_ids: Collection[int], since: datetime) -> dict[int, VoiceObservation]:
    """Return the coverage and the voice sessions after `since`, by group.  Three queries."""
    people = _recognised(group_ids)
    times: dict[int, list[Span]] = defaultdict(list)
    for row in VoiceCoverage.objects.filter(group__in=group_ids, covered_until__gt=since):
        times[row.group_id].append(Span(row.since, row.covered_until))
    sessions: dict[int, dict[int, list[Span]]] = defaultdict(lambda: defaultdict(list))
    lasted = Q(until__isnull=True) | Q(until__gt=since)
    rows = VoiceSession.objects.filter(lasted, coverage__group__in=group_ids).select_related(
        "coverage"
    )
    for session in rows:
        if session.discord_id in people:
            sessions[session.coverage.group_id][people[session.discord_id]].append(_span(session))
    return {
        group_id: VoiceObservation(times[group_id], sessions[group_id], set(people.values()))
        for group_id in group_ids
    }


def _span(session: VoiceSession) -> Span:
    """Return a session's span; it ends with its coverage, since nothing is known after that."""
    known_until = max(session.coverage.covered_until, session.since)
    return Span(session.since, min(session.until or known_until, known_until))


def _recognised(group_ids: Collection[int]) -> dict[int, int]:
    """Return the user ids of people who may be at these groups' meetings, by Discord account."""
    members = Membership.objects.filter(group__in=group_ids)
    others = Attendance.objects.filter(meeting__group__in=group_ids)
    known = User.objects.filter(
        Q(pk__in=members.values("user")) | Q(pk__in=others.values("user")),
        discord_id__isnull=False,
    )
    return {account: pk for account, pk in known.values_list("discord_id", "pk") if account}
