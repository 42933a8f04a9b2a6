"""Corrections of attendance by facilitators and staff. They override what was detected."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Membership
from cohorts.services.locks import lock_groups
from meetings.attendance.marks import FINAL_AFTER
from meetings.models import Attendance, Meeting

REASON_LENGTH = 200

Correction = Attendance.Correction


@transaction.atomic
def correct_presence(
    meeting_id: int, user_id: int, *, presence: str, by: int, now: datetime, reason: str = ""
) -> Attendance:
    """Record whether a person was at a meeting. `presence` is a value of `Attendance.Correction`.

    The caller has checked that `by` is allowed to. Raises Refusal: no_person, bad_presence,
    reason_missing, and those of `lock_past_meeting`.
    """
    if presence not in Correction.values:
        raise Refusal("bad_presence", f"Choose one of {', '.join(Correction.values)}.")
    meeting = lock_past_meeting(meeting_id, now)
    rows = Attendance.objects.select_related("meeting")
    before = rows.filter(meeting=meeting, user=user_id).first()
    if before is None:
        _check_member(meeting, user_id)
    if needs_reason(meeting, now) and not reason.strip() and _said(before) != presence:
        raise Refusal(
            "reason_missing",
            f"The attendance of {meeting} became final 24 hours after it. Say why you change it.",
        )
    said = {
        "correction": presence,
        "corrected_by_id": by,
        "corrected_at": now,
        "correction_reason": " ".join(reason.split())[:REASON_LENGTH],
    }
    row, _ = Attendance.objects.update_or_create(
        meeting=meeting, user_id=user_id, defaults=said, create_defaults={**said, "created_at": now}
    )
    record(
        "presence_corrected",
        by=by,
        group=meeting.group,
        person=user_id,
        about=meeting,
        changes={meeting.title: [_label(_said(before)), _label(presence)]},
        reason=row.correction_reason,
    )
    return row


def _label(presence: str) -> str:
    return Correction(presence).label


def needs_reason(meeting: Meeting, now: datetime) -> bool:
    """Return whether marks of this meeting are final, so that a correction needs a reason."""
    return now >= meeting.ends_at + FINAL_AFTER


def _said(row: Attendance | None) -> str:
    """Return what is recorded so far, as a value of `Correction`."""
    if row is None:
        return Correction.UNKNOWN
    return row.correction if row.is_corrected else row.presence


def lock_past_meeting(meeting_id: int, now: datetime) -> Meeting:
    """Lock the group of a meeting that has begun, and return the meeting.

    Raises Refusal: no_meeting, meeting_ahead, meeting_cancelled, cohort_ended.
    """
    meeting = Meeting.objects.filter(pk=meeting_id).first()
    if meeting is None:
        raise Refusal("no_meeting", "There is no such meeting.")
    lock_groups([meeting.group_id])
    meeting = Meeting.objects.select_related("group__cohort").get(pk=meeting_id)
    _check_held(meeting, now)
    return meeting


def _check_held(meeting: Meeting, now: datetime) -> None:
    if meeting.is_cancelled:
        raise Refusal(
            "meeting_cancelled", f"{meeting} was cancelled, so there is no attendance to record."
        )
    if meeting.starts_at > now:
        raise Refusal("meeting_ahead", f"{meeting} has not begun yet.")
    if meeting.group.cohort.has_ended:
        raise Refusal(
            "cohort_ended",
            f"{meeting.group.cohort} has ended, so its attendance is final. Staff can reopen it.",
        )


def _check_member(meeting: Meeting, user_id: int) -> None:
    """Raise Refusal unless the person was a member on that day.

    Only needed without an attendance row: people who answered, visited or were detected have one.
    """
    then = Q(left_at__isnull=True) | Q(left_at__gt=meeting.starts_at)
    if not Membership.objects.filter(then, group=meeting.group_id, user=user_id).exists():
        raise Refusal(
            "no_person", f"Attendance can only be recorded for members and guests of {meeting}."
        )
