"""Whether people come: what they answer here, through whichever door.

An answer is about one meeting and is a person's decision.  Nothing outside follows from it, so
nobody is announced: reminders and rosters read it when they need it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cohorts.errors import Refusal
from cohorts.models import Group, Membership
from cohorts.services.locks import lock_groups
from meetings.absences import find_absences
from meetings.models import Attendance, Meeting

Rsvp = Attendance.Rsvp
ANSWERS = (Rsvp.ATTENDING, Rsvp.TENTATIVE, Rsvp.NOT_ATTENDING)


def give_answer(meeting_id: int, user_id: int, rsvp: str, *, now: datetime) -> Attendance:
    """Write down what a person answers for one meeting: "attending", "tentative", "not_attending".

    The one way for every door.  For members of the group and for guests on an open visit; a guest
    who declines keeps the visit.  Raises Refusal:

        unknown_answer      none of the three
        no_meeting          there is none, or it is none of the person's
        group_not_active    the group is being set up, or has ended
        meeting_cancelled   it is not held
        meeting_over        it is over
        meeting_begun       it has begun
        away                the person visits another group in place of it: only "not_attending"
    """
    meeting = _check(meeting_id, user_id, rsvp, now)  # a refusal needs no lock
    with transaction.atomic():
        lock_groups([meeting.group_id])
        _check(meeting_id, user_id, rsvp, now)
        _write([Attendance(meeting_id=meeting_id, user_id=user_id, rsvp=rsvp, rsvp_at=now)])
        return Attendance.objects.get(meeting=meeting_id, user=user_id)


def _check(meeting_id: int, user_id: int, rsvp: str, now: datetime) -> Meeting:
    """The meeting, its group loaded, if this answer may be given."""
    if rsvp not in ANSWERS:
        raise Refusal(
            "unknown_answer", "Answer “attending”, “tentative” or “not_attending”, nothing else."
        )
    meeting = Meeting.objects.select_related("group").filter(pk=meeting_id).first()
    if meeting is None or not _is_expected(meeting, user_id):
        raise Refusal("no_meeting", "There is no such meeting among yours.")
    _check_open(meeting, now)
    absence = find_absences([meeting_id], now).get((meeting_id, user_id))
    if absence and rsvp != Rsvp.NOT_ATTENDING:
        raise Refusal("away", absence)
    return meeting


def _is_expected(meeting: Meeting, user_id: int) -> bool:
    """Whether the person is a member of the group, or a guest of this meeting."""
    members = Membership.objects.filter(
        group=meeting.group_id, user=user_id, status=Membership.Status.ACTIVE
    )
    guests = Attendance.objects.filter(meeting=meeting, user=user_id, is_guest=True)
    return members.exists() or guests.exists()


def _check_open(meeting: Meeting, now: datetime) -> None:
    if meeting.group.status != Group.Status.ACTIVE:
        raise Refusal("group_not_active", f"{meeting.group} is not active.")
    if meeting.is_cancelled:
        raise Refusal("meeting_cancelled", f"{meeting} is cancelled: there is nothing to answer.")
    if meeting.ends_at <= now:
        raise Refusal("meeting_over", f"{meeting} is over.")
    if meeting.starts_at <= now:
        raise Refusal("meeting_begun", f"{meeting} has begun: it is too late to answer.")


def _write(answers: Iterable[Attendance]) -> None:
    """The caller holds the locks of the meetings' groups.  Whatever else a row says stays."""
    Attendance.objects.bulk_create(
        answers,
        update_conflicts=True,
        unique_fields=["meeting", "user"],
        update_fields=["rsvp", "rsvp_at"],
    )
