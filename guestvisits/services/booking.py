"""Booking visits: lock, check, write."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import one_act
from cohorts.errors import Refusal
from cohorts.models import Group, User
from cohorts.services.locks import lock_found, lock_people
from guestvisits.facts import VisitOption, read_visit_option
from guestvisits.models import GuestVisit
from guestvisits.rules import broken_rules
from guestvisits.services.ending import end_visit
from meetings.models import Attendance, Meeting, write_attendances
from meetings.moving.wall_time import name_moment
from meetings.rsvps import RSVP_FIELDS

Rsvp = Attendance.Rsvp


def book_visit(
    user_id: int,
    *,
    home_meeting_id: int,
    host_meeting_id: int,
    shown_start: datetime | None = None,
    now: datetime,
) -> GuestVisit:
    """Book a visit for oneself.

    `shown_start` is the host meeting's start as the page or client showed it, if known. Raises
    Refusal: those named in guestvisits.rules, no_meeting, account_closed, or meeting_moved if the
    start is different now.
    """
    return _book(user_id, home_meeting_id, host_meeting_id, by=user_id, shown=shown_start, now=now)


def book_visit_for(
    user_id: int,
    *,
    home_meeting_id: int,
    host_meeting_id: int,
    by: int,
    why: str = "",
    now: datetime,
) -> GuestVisit:
    """Book a visit for a person as staff (`by`).

    With a reason `why`, rules that staff may overrule are overruled, and both are recorded. Raises
    Refusal for any other rule.
    """
    return _book(user_id, home_meeting_id, host_meeting_id, by=by, why=why, now=now)


def _book(
    user_id: int,
    home_meeting_id: int,
    host_meeting_id: int,
    *,
    by: int,
    why: str = "",
    shown: datetime | None = None,
    now: datetime,
) -> GuestVisit:
    with transaction.atomic():
        reader = _lock(user_id, [home_meeting_id, host_meeting_id])
        if not reader.is_active:
            raise Refusal("account_closed", "This account is closed.")
        choice = read_visit_option(
            user_id, home_meeting_id=home_meeting_id, host_meeting_id=host_meeting_id, now=now
        )
        overruled = _check_rules(choice, now, may_overrule=bool(why.strip()))
        if shown is not None and shown != choice.host.starts_at:
            raise _moved(choice.host, reader)
        visit = GuestVisit(
            user_id=user_id,
            home_meeting=choice.home,
            host_meeting=choice.host,
            booked_by_id=by,
            booked_at=now,
            overruled=", ".join(overruled),
            overruled_why=why.strip() if overruled else "",
        )
        with one_act("visit_booked", by=by, reason=visit.overruled_why) as act:
            act.concern(groups=[choice.home.group, choice.host.group], people=[user_id])
            act.changes = {choice.home.title: ["own group", choice.host.group]}
            _end_replaced(visit, choice.replaced, now)
            visit.save()  # announces both groups
            expect_guest(visit, now)
            act.about = visit
    return visit


def _lock(user_id: int, meeting_ids: Collection[int]) -> User:
    """Lock the groups of these meetings, then the person; return the person, with their time zone.
    Two queries."""
    lock_found(Group.objects.filter(meetings__in=meeting_ids).only("pk"))
    return lock_people([user_id], "timezone", "is_active")[user_id]


def _moved(meeting: Meeting, reader: User) -> Refusal:
    when = name_moment(meeting.starts_at, reader.timezone)
    return Refusal(
        "meeting_moved",
        f"This meeting was moved after you opened the page. It now starts on {when}. "
        "Choose it again if you can attend then.",
    )


def _end_replaced(visit: GuestVisit, replaced: Collection[int], now: datetime) -> None:
    """End the visit that this one replaces: one that was missed, or that staff overruled."""
    if not replaced:
        return
    open_ones = GuestVisit.objects.filter(pk__in=replaced)
    for earlier in open_ones.select_related("home_meeting__group", "host_meeting__group"):
        has_begun = earlier.host_meeting.starts_at <= now
        reason = GuestVisit.End.OVER if has_begun else GuestVisit.End.CANCELLED_BY_STAFF
        end_visit(earlier, reason, now=now, by=visit.booked_by_id, why=visit.overruled_why)


def _check_rules(choice: VisitOption, now: datetime, *, may_overrule: bool) -> tuple[str, ...]:
    """Return the codes of the overruled rules. Raises the first Refusal that is not overruled."""
    broken = broken_rules(choice.facts, now)
    for rule in broken:
        if not (may_overrule and rule.staff_may):
            raise rule.refusal(choice.facts)
    return tuple(rule.code for rule in broken)


def expect_guest(visit: GuestVisit, now: datetime) -> None:
    """Let the guest be expected at the host meeting, and be away from the home meeting."""
    coming = Attendance(
        meeting_id=visit.host_meeting_id,
        user_id=visit.user_id,
        rsvp=Rsvp.ATTENDING,
        rsvp_at=now,
        is_guest=True,
        created_at=now,
    )
    # The person may have answered as a member of the host group; the booking is later and clearer.
    write_attendances([coming], ["is_guest", *RSVP_FIELDS])
    decline_home(visit, now)


def decline_home(visit: GuestVisit, now: datetime) -> None:
    """Set the guest's RSVP for the home meeting to declined."""
    away = Attendance(
        meeting_id=visit.home_meeting_id,
        user_id=visit.user_id,
        rsvp=Rsvp.NOT_ATTENDING,
        rsvp_at=now,
    )
    write_attendances([away], RSVP_FIELDS)
