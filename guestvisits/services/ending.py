"""Ending a visit, whatever the reason.

What becomes of the two attendances:

    the visit ends because …                        guest attendance at the host    answer at home
    ----------------------------------------------  ------------------------------  ----------------
    the meeting is over, or was held before this    stays: it is history            stays
    the guest or the staff cancelled                removed                         pending again
    the host meeting was moved, cancelled, or its   removed                         pending again
      group ended
    the guest became a member of the host group     a member's from now on          stays
    the guest left, was closed out, or the own      removed                         stays
      group or the cohort ended

"Removed" means that row alone: who was a guest, of whom, when and why it ended, the visit keeps.
One that was there before the booking stays, a guest's no more; so does one with a check-in, unless
the meeting was moved or cancelled.
"Pending again" where the answer is still the one the booking gave.
"""

from __future__ import annotations

from datetime import datetime

from guestvisits.models import GuestVisit
from meetings.models import Attendance

End = GuestVisit.End
Rsvp = Attendance.Rsvp

_GIVES_HOME_BACK = {
    End.CANCELLED,
    End.CANCELLED_BY_STAFF,
    End.HOST_MOVED,
    End.HOST_CANCELLED,
    End.HOST_GROUP_ENDED,
}
# Whoever was in the channel by then was early for a meeting that is now another one, or none.
_WAS_NOT_HELD = {End.HOST_MOVED, End.HOST_CANCELLED}


def end_visit(
    visit: GuestVisit, reason: str, *, now: datetime, by: int | None = None, why: str = ""
) -> None:
    """End an open visit.  The caller holds the lock of its home group or of its host group.

    Saving announces both groups.
    """
    visit.ended_at, visit.end_reason = now, reason
    visit.ended_by_id, visit.ended_why = by, why
    visit.save(update_fields=["ended_at", "end_reason", "ended_by", "ended_why"])
    if not _was_held(visit, now):
        _undo_attendances(visit, now)


def _was_held(visit: GuestVisit, now: datetime) -> bool:
    meeting = visit.host_meeting
    return meeting.starts_at <= now and not meeting.is_cancelled


def _undo_attendances(visit: GuestVisit, now: datetime) -> None:
    at_host = Attendance.objects.filter(
        meeting=visit.host_meeting_id, user=visit.user_id, is_guest=True
    )
    if visit.end_reason == End.BECAME_MEMBER:
        at_host.update(is_guest=False)
    else:
        at_host.filter(created_at__lt=visit.booked_at).update(is_guest=False)
        if visit.end_reason not in _WAS_NOT_HELD:
            at_host = at_host.filter(checked_in_at__isnull=True, correction="")
        at_host.delete()
    if visit.end_reason in _GIVES_HOME_BACK:
        Attendance.objects.filter(
            meeting=visit.home_meeting_id, user=visit.user_id, rsvp=Rsvp.NOT_ATTENDING
        ).update(rsvp=Rsvp.PENDING, rsvp_at=now)
