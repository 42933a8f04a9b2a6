"""Queries on visits, one function per question, so that callers need not know who is a guest."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery

from cohorts.models import AccessException, Membership, User
from guestvisits.models import GuestVisit, SubstituteOffer
from guestvisits.windows import AccessWindow, window_of
from meetings.models import PRESENCE, Attendance, Meeting

End = GuestVisit.End

# Ends that the guest neither chose nor could foresee.
UNASKED_ENDS = frozenset(
    {
        End.CANCELLED_BY_STAFF,
        End.HOST_MOVED,
        End.HOST_CANCELLED,
        End.HOST_GROUP_ENDED,
        End.HOME_GROUP_ENDED,
        End.COHORT_ENDED,
        End.BECAME_MEMBER,
    }
)

# Whether the guest of a visit was absent from the host meeting.
IS_MISSED = Exists(
    Attendance.objects.annotate(was=PRESENCE).filter(
        was=Attendance.Presence.ABSENT, meeting=OuterRef("host_meeting"), user=OuterRef("user")
    )
)


# -- for the guest -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MyVisit:
    """One visit of a person (meetings, groups, cohort loaded).

    `attendance_id` is the guest's attendance at the host meeting, None if it has been removed.
    `is_past`: the host meeting has begun. `can_cancel`: the guest may cancel, or change their RSVP.
    `rsvp` is the guest's latest RSVP: from booking, our pages or a calendar. `presence` is a value
    of `Attendance.Presence`.
    """

    visit: GuestVisit
    window: AccessWindow
    attendance_id: int | None
    is_past: bool
    can_cancel: bool
    rsvp: str
    presence: str

    @property
    def has_declined(self) -> bool:
        """Return whether the guest declined. The visit stays open until it is cancelled."""
        return self.rsvp == Attendance.Rsvp.NOT_ATTENDING

    @property
    def was_missed(self) -> bool:
        return self.presence == Attendance.Presence.ABSENT

    @property
    def ended_unasked(self) -> bool:
        return self.visit.end_reason in UNASKED_ENDS


def belonged_to(people: Collection[int] | QuerySet[User]) -> Q:
    """Return a filter for the groups that one of these people was ever a member or guest of, was
    asked to lead once, or had access to by an exception."""
    members = Membership.objects.filter(user__in=people)
    guests = GuestVisit.objects.filter(user__in=people)
    asked = SubstituteOffer.objects.filter(user__in=people)
    exceptions = AccessException.objects.filter(user__in=people)
    return (
        Q(pk__in=members.values("group"))
        | Q(pk__in=guests.values("host_meeting__group"))
        | Q(pk__in=asked.values("substitution__meeting__group"))
        | Q(pk__in=exceptions.values("group"))
    )


def list_visits(user_id: int, now: datetime) -> list[MyVisit]:
    """Return all visits of a person, also ended ones, latest meeting first. One query."""
    at_host = Attendance.objects.filter(user=user_id, meeting=OuterRef("host_meeting"))
    visits = (
        GuestVisit.objects.filter(user=user_id)
        .select_related("host_meeting__group__cohort", "home_meeting__group")
        .annotate(
            attendance_id=Subquery(at_host.values("pk")),
            answer=Subquery(at_host.values("rsvp")),
            answered_at=Subquery(at_host.values("rsvp_at")),
            presence=Subquery(at_host.annotate(was=PRESENCE).values("was")),
        )
        .order_by("-host_meeting__starts_at", "-pk")
    )
    return [_my_visit(visit, now) for visit in visits]


def _my_visit(visit: GuestVisit, now: datetime) -> MyVisit:
    is_past = visit.host_meeting.starts_at <= now
    return MyVisit(
        visit=visit,
        window=window_of(visit),
        attendance_id=visit.attendance_id,  # type: ignore[attr-defined]
        is_past=is_past,
        can_cancel=visit.is_open and not is_past,
        rsvp=_rsvp_of(visit),
        presence=visit.presence or Attendance.Presence.UNKNOWN,  # type: ignore[attr-defined]
    )


def _rsvp_of(visit: GuestVisit) -> str:
    """Return the guest's RSVP. One from before the booking does not count."""
    answered_at: datetime | None = visit.answered_at  # type: ignore[attr-defined]
    if answered_at is None or answered_at < visit.booked_at:
        return Attendance.Rsvp.ATTENDING
    return visit.answer  # type: ignore[attr-defined]


def led_meetings(user_id: int) -> QuerySet[Meeting]:
    """Return the meetings that a person leads, or led, as the substitute."""
    led = SubstituteOffer.objects.filter(
        user=user_id, answer=SubstituteOffer.Answer.YES, ended_at__isnull=True
    )
    return Meeting.objects.filter(pk__in=led.values("substitution__meeting"))


def find_absences(meeting_ids: Collection[int], now: datetime) -> dict[tuple[int, int], str]:
    """Return why people are away, by (home meeting id, user id). One query.

    Past visits count like future ones: the person has already attended this week's meeting. Of two,
    the later one replaced one that was missed.
    """
    visits = visits_instead().filter(home_meeting__in=meeting_ids)
    found = visits.select_related("host_meeting__group").order_by("pk")
    return {(visit.home_meeting_id, visit.user_id): _explain(visit, now) for visit in found}


def visits_instead() -> QuerySet[GuestVisit]:
    """Return the visits that keep people from their own meeting: open and past ones, unless they
    were missed."""
    is_kept = Q(ended_at__isnull=True) | Q(end_reason=GuestVisit.End.OVER)
    return GuestVisit.objects.filter(is_kept, ~IS_MISSED)


def _explain(visit: GuestVisit, now: datetime) -> str:
    host = visit.host_meeting
    if host.starts_at <= now:
        return f"You visited {host.group} this week in place of this meeting."
    return (
        f"You're visiting {host.group} in {host.label} in place of this meeting. "
        "Cancel that visit first."
    )
