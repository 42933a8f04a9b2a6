"""Who was at another group's meeting of the same week, without the whole ledger of a cohort."""

from collections.abc import Collection

from django.db.models import F

from meetings.attendance.ledger import AttendanceRow
from meetings.models import Attendance, Meeting
from meetings.selectors import before_the_end

HOME = "meeting__group__cohort__groups__meetings"


def find_elsewhere(meetings: Collection[Meeting]) -> set[tuple[int, int]]:
    """Return (meeting, user) for people who attended that week's meeting of another group instead.

    The ledger's rule decides who was there: a booking alone does not count, nor does a correction
    that is older than the meeting's start. Extra sessions belong to no week. One query.
    """
    guests = Attendance.objects.filter(
        before_the_end("meeting__"),
        is_guest=True,
        meeting__status=Meeting.Status.SCHEDULED,
        **{f"{HOME}__in": meetings, f"{HOME}__number": F("meeting__number")},
    )
    columns = ("meeting", "user", *AttendanceRow._fields[2:])
    rows = guests.order_by().values_list(HOME, "meeting__starts_at", *columns)
    return {
        (home, user)
        for home, starts_at, meeting, user, *rest in rows
        if AttendanceRow(meeting, user, *rest).describe(starts_at).was_there
    }
