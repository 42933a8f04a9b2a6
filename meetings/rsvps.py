"""RSVPs: recording what people answer on our pages, in the API and in calendars.

An RSVP concerns one meeting, and no provider depends on it. So recording one does not announce a
change; reminders and rosters read it when they need it.
"""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Membership, live_group
from cohorts.services.locks import lock_groups
from meetings.models import Attendance, Meeting, write_attendances
from meetings.registries import find_absences
from meetings.selectors import MAX_DURATION

Rsvp = Attendance.Rsvp
RSVP_FIELDS = ("rsvp", "rsvp_at")
ANSWERS = (Rsvp.ATTENDING, Rsvp.TENTATIVE, Rsvp.NOT_ATTENDING)


@dataclass(frozen=True, slots=True)
class ExternalRsvp:
    """An RSVP given elsewhere, such as in a calendar. `rsvp` is one of `ANSWERS`."""

    meeting_id: int
    user_id: int
    rsvp: str


def set_rsvp(meeting_id: int, user_id: int, rsvp: str, *, now: datetime) -> Attendance:
    """Record a person's RSVP for one meeting: "attending", "tentative" or "not_attending".

    Every interface that accepts RSVPs calls this. It accepts members of the group and guests with
    an open visit; a guest who declines keeps the visit. Raises Refusal:

        unknown_answer      not one of the three
        no_meeting          it does not exist, or the person is neither a member nor a guest
        group_not_active    the group is not set up yet, or has ended
        meeting_cancelled   it is cancelled
        meeting_over        it is over
        meeting_begun       it has begun
        away                the person visits another group instead; "not_attending" is accepted
    """
    meeting = _check(meeting_id, user_id, rsvp, now)  # a refusal needs no lock
    with transaction.atomic():
        lock_groups([meeting.group_id])
        meeting = _check(meeting_id, user_id, rsvp, now)
        before = Attendance.objects.filter(meeting=meeting_id, user=user_id).first()
        said = Attendance(meeting_id=meeting_id, user_id=user_id, rsvp=rsvp, rsvp_at=now)
        write_attendances([said], RSVP_FIELDS)
        _record(meeting, said, before)
        return Attendance.objects.get(meeting=meeting_id, user=user_id)


def _record(meeting: Meeting, said: Attendance, before: Attendance | None) -> None:
    labels = [Rsvp(row.rsvp).label if row else "" for row in (before, said)]
    if labels[0] == labels[1]:
        return
    record(
        "answered",
        group=meeting.group,
        person=said.user_id,
        about=meeting,
        changes={meeting.title: labels},
    )


def import_rsvps(said: Collection[ExternalRsvp], *, now: datetime) -> None:
    """Record RSVPs that people gave elsewhere. Six or seven queries for any number of RSVPs.

    The caller holds the locks of the meetings' groups and has checked that no later RSVP was given
    here. Invalid RSVPs (too late, by people who are not expected or who are away on a visit) are
    skipped silently, since there is no one to show an error to.
    """
    meetings = {one.pk: one for one in _read_open({each.meeting_id for each in said}, now)}
    expected = _expected_at(meetings.values())
    absences = find_absences({each.meeting_id for each in said}, now)
    answers = [
        Attendance(meeting_id=each.meeting_id, user_id=each.user_id, rsvp=each.rsvp, rsvp_at=now)
        for each in said
        if each.rsvp in ANSWERS
        and each.user_id in expected.get(each.meeting_id, ())
        and (each.meeting_id, each.user_id) not in absences
    ]
    write_attendances(answers, RSVP_FIELDS)
    if answers:
        record(
            "answers_read",
            groups=[meetings[each.meeting_id].group for each in answers],
            people=[each.user_id for each in answers],
            changes={"Answers": ["", len(answers)]},
        )


def find_expected(meeting_ids: Collection[int], now: datetime) -> dict[int, set[int]]:
    """Return the ids of the people who may answer: by meeting id, the group's members and guests.

    Meetings that are over or cancelled, and those of ended groups, are left out. Three queries.
    """
    return _expected_at(_read_open(meeting_ids, now))


def _read_open(meeting_ids: Collection[int], now: datetime) -> list[Meeting]:
    meetings = Meeting.objects.filter(
        live_group("group__"),
        pk__in=meeting_ids,
        status=Meeting.Status.SCHEDULED,
        starts_at__gt=now - MAX_DURATION,
    )
    return [one for one in meetings.select_related("group") if one.ends_at > now]


def _expected_at(open_ones: Collection[Meeting]) -> dict[int, set[int]]:
    """Return the ids of the members and guests by meeting id. Two queries."""
    members, guests = defaultdict(set), defaultdict(set)
    rows = Membership.objects.filter(
        group__in={meeting.group_id for meeting in open_ones}, status=Membership.Status.ACTIVE
    )
    for group_id, user_id in rows.values_list("group", "user"):
        members[group_id].add(user_id)
    here = Attendance.objects.filter(meeting__in=open_ones, is_guest=True)
    for meeting_id, user_id in here.values_list("meeting", "user"):
        guests[meeting_id].add(user_id)
    return {each.pk: members[each.group_id] | guests[each.pk] for each in open_ones}


def _check(meeting_id: int, user_id: int, rsvp: str, now: datetime) -> Meeting:
    """Return the meeting, with its group loaded, if this RSVP may be given. Raises Refusal."""
    if rsvp not in ANSWERS:
        raise Refusal(
            "unknown_answer", "The answer must be “attending”, “tentative” or “not_attending”."
        )
    meeting = Meeting.objects.select_related("group__cohort").filter(pk=meeting_id).first()
    if meeting is None or not _is_expected(meeting, user_id):
        raise Refusal("no_meeting", "There is no such meeting among yours.")
    _check_open(meeting, now)
    absence = find_absences([meeting_id], now).get((meeting_id, user_id))
    if absence and rsvp != Rsvp.NOT_ATTENDING:
        raise Refusal("away", absence)
    return meeting


def _is_expected(meeting: Meeting, user_id: int) -> bool:
    """Return whether the person is a member of the group, or a guest of this meeting."""
    members = Membership.objects.filter(
        group=meeting.group_id, user=user_id, status=Membership.Status.ACTIVE
    )
    guests = Attendance.objects.filter(meeting=meeting, user=user_id, is_guest=True)
    return members.exists() or guests.exists()


def _check_open(meeting: Meeting, now: datetime) -> None:
    if not meeting.group.is_set_up:
        raise Refusal("group_not_active", f"{meeting.group} is not set up yet, or has ended.")
    if meeting.is_cancelled:
        raise Refusal(
            "meeting_cancelled", f"{meeting} is cancelled, so there is nothing to answer."
        )
    if meeting.ends_at <= now:
        raise Refusal("meeting_over", f"{meeting} is over.")
    if meeting.starts_at <= now:
        raise Refusal("meeting_begun", f"{meeting} has begun, so it is too late to answer.")
