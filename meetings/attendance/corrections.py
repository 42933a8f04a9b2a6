"""Corrections of attendance by facilitators and staff. They override what was detected."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cohorts.errors import Refusal
from cohorts.models import Membership
from cohorts.services.locks import lock_groups
from meetings.models import Attendance, Meeting

Presence = Attendance.Presence


@transaction.atomic
def correct_presence(
    meeting_id: int, user_id: int, *, presence: str, by: int, now: datetime
) -> Attendance:
    """Record whether a person was at a meeting. `presence` is a value of `Attendance.Presence`.

    The caller has checked that `by` is allowed to. Raises Refusal: no_meeting, no_person,
    bad_presence, meeting_ahead, meeting_cancelled.
    """
    if presence not in Presence.values:
        raise Refusal("bad_presence", f"Choose one of {', '.join(Presence.values)}.")
    meeting = _lock(meeting_id)
    _check_held(meeting, now)
    known = Attendance.objects.filter(meeting=meeting, user=user_id)
    if not known.exists():
        _check_member(meeting, user_id)
    said = {"correction": presence, "corrected_by_id": by, "corrected_at": now}
    row, _ = Attendance.objects.update_or_create(
        meeting=meeting, user_id=user_id, defaults=said, create_defaults={**said, "created_at": now}
    )
    return row


def _lock(meeting_id: int) -> Meeting:
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal("no_meeting", "There is no such meeting.")
    lock_groups([meeting.group_id])
    return Meeting.objects.select_related("group").get(pk=meeting_id)


def _check_held(meeting: Meeting, now: datetime) -> None:
    if meeting.is_cancelled:
        raise Refusal(
            "meeting_cancelled", f"{meeting} was cancelled, so there is no attendance to record."
        )
    if meeting.starts_at > now:
        raise Refusal("meeting_ahead", f"{meeting} has not begun yet.")


def _check_member(meeting: Meeting, user_id: int) -> None:
    """Raise Refusal unless the person was a member on that day.

    Only needed without an attendance row: people who answered, visited or were detected have one.
    """
    then = Q(left_at__isnull=True) | Q(left_at__gt=meeting.starts_at)
    if not Membership.objects.filter(then, group=meeting.group_id, user=user_id).exists():
        raise Refusal(
            "no_person", f"Attendance can only be recorded for members and guests of {meeting}."
        )
