"""Who is away from the own group's meeting, on a visit.  Named in settings.MEETING_ABSENCES."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Q

from guestvisits.models import GuestVisit


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """By home meeting and guest.  A visit that was made counts like one that is to come: the person
    has had this week's meeting.  One query."""
    visits = GuestVisit.objects.filter(
        Q(ended_at__isnull=True) | Q(end_reason=GuestVisit.End.OVER), home_meeting__in=meeting_ids
    ).select_related("host_meeting__group")
    return {(visit.home_meeting_id, visit.user_id): _explain(visit, now) for visit in visits}


def _explain(visit: GuestVisit, now: datetime) -> str:
    host = visit.host_meeting
    if host.starts_at <= now:
        return f"You have been with {host.group} this week, in place of this meeting."
    return (
        f"You visit {host.group} in {host.label}, in place of this meeting. "
        "Cancel that visit first."
    )
