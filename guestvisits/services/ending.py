"""Ending a visit, for any reason.

What happens to the two attendances:

    the visit ends because …                        guest attendance at the host    home RSVP
    ----------------------------------------------  ------------------------------  ----------------
    the meeting is over, or was held before this    kept: it is history             kept
    the guest or staff cancelled                    removed                         pending again
    the host meeting was moved, cancelled, or its   removed                         pending again
      group ended
    the guest became a member of the host group     becomes a member's              kept
    the guest left or was deactivated, or their     removed                         kept
      own group or the cohort ended

"Removed" means that row only: the visit still records the guest, the group, when and why it ended.
An attendance that existed before the booking is kept, but no longer marked as a guest's, and its
RSVP is pending again; one with a check-in is kept too, unless the meeting was moved or cancelled.
"Pending again" applies only to the RSVP that the booking set: attending there, and not at home.
"""

from datetime import datetime

from django.db.models import Case, Value, When

from cohorts.activity.recording import record
from guestvisits.models import GuestVisit
from meetings.models import Attendance

End = GuestVisit.End
Rsvp = Attendance.Rsvp

_RESETS_HOME_RSVP = {
    End.CANCELLED,
    End.CANCELLED_BY_STAFF,
    End.HOST_MOVED,
    End.HOST_CANCELLED,
    End.HOST_GROUP_ENDED,
}
# A check-in here came early, for a meeting that was then moved or cancelled.
_WAS_NOT_HELD = {End.HOST_MOVED, End.HOST_CANCELLED}


def end_visit(
    visit: GuestVisit, reason: str, *, now: datetime, by: int | None = None, why: str = ""
) -> None:
    """End an open visit. The caller holds the lock of its home group or of its host group, and has
    loaded both.

    Saving announces both groups.
    """
    visit.ended_at, visit.end_reason = now, reason
    visit.ended_by_id, visit.ended_why = by, why
    visit.save(update_fields=["ended_at", "end_reason", "ended_by", "ended_why"])
    if not visit.was_made:
        _undo_attendances(visit, now)
    record(
        "visit_ended",
        by=by,
        groups=[visit.home_meeting.group, visit.host_meeting.group],
        person=visit.user_id,
        about=visit,
        changes={visit.host_meeting.title: ["visit", visit.get_end_reason_display()]},
        reason=why,
    )


def _undo_attendances(visit: GuestVisit, now: datetime) -> None:
    at_host = Attendance.objects.filter(
        meeting=visit.host_meeting_id, user=visit.user_id, is_guest=True
    )
    if visit.end_reason == End.BECAME_MEMBER:
        at_host.update(is_guest=False)
    else:
        came_by_booking = When(rsvp=Rsvp.ATTENDING, then=Value(Rsvp.PENDING))
        at_host.filter(created_at__lt=visit.booked_at).update(
            is_guest=False,
            rsvp=Case(came_by_booking, default="rsvp"),
            rsvp_at=Case(When(rsvp=Rsvp.ATTENDING, then=Value(now)), default="rsvp_at"),
        )
        if visit.end_reason not in _WAS_NOT_HELD:
            at_host = at_host.filter(checked_in_at__isnull=True, correction="")
        at_host.delete()
    if visit.end_reason in _RESETS_HOME_RSVP:
        Attendance.objects.filter(
            meeting=visit.home_meeting_id, user=visit.user_id, rsvp=Rsvp.NOT_ATTENDING
        ).update(rsvp=Rsvp.PENDING, rsvp_at=now)
