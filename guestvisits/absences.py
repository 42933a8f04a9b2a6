"""Absences of guests from their own group's meetings."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from guestvisits.models import GuestVisit


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """Return why people are away, by (home meeting id, user id). One query.

    Past visits count like future ones: the person has already attended this week's meeting.
    """
    visits = GuestVisit.objects.filter(
        Q(ended_at__isnull=True) | Q(end_reason=GuestVisit.End.OVER), home_meeting__in=meeting_ids
    ).select_related("host_meeting__group")
    return {(visit.home_meeting_id, visit.user_id): _explain(visit, now) for visit in visits}


def _explain(visit: GuestVisit, now: datetime) -> str:
    host = visit.host_meeting
    if host.starts_at <= now:
        return f"You visited {host.group} this week in place of this meeting."
    return (
        f"You're visiting {host.group} in {host.label} in place of this meeting. "
        "Cancel that visit first."
    )
