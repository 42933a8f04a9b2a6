"""Cancelling visits: the guest before the start; staff also later, with a reason."""

from datetime import datetime

from django.db import transaction

from cohorts.errors import Refusal
from cohorts.models import Group
from cohorts.services.locks import lock_found
from guestvisits.models import GuestVisit
from guestvisits.services.ending import end_visit

End = GuestVisit.End


def cancel_visit(user_id: int, *, host_meeting_id: int, now: datetime) -> GuestVisit:
    """Cancel one's own visit before the host meeting begins.

    Raises Refusal: no_visit, meeting_begun.
    """
    visit = _find_open(user=user_id, host_meeting=host_meeting_id)
    _check_ahead(visit, now)
    with transaction.atomic():
        visit = _lock(visit)
        _check_ahead(visit, now)
        end_visit(visit, End.CANCELLED, now=now, by=user_id)
    return visit


def cancel_visit_for(visit_id: int, *, by: int, why: str = "", now: datetime) -> GuestVisit:
    """Cancel a person's visit as staff (`by`). Once the meeting has begun, a reason is required.

    Raises Refusal: no_visit, meeting_begun.
    """
    with transaction.atomic():
        visit = _lock(_find_open(pk=visit_id))
        if not why.strip():
            _check_ahead(visit, now)
        end_visit(visit, End.CANCELLED_BY_STAFF, now=now, by=by, why=why.strip())
    return visit


def _find_open(**which: int) -> GuestVisit:
    visits = GuestVisit.objects.select_related("host_meeting__group", "home_meeting__group")
    visit = visits.filter(ended_at__isnull=True, **which).first()
    if visit is None:
        raise Refusal("no_visit", "There is no such visit, or it has ended already.")
    return visit


def _lock(visit: GuestVisit) -> GuestVisit:
    """Lock both groups and return the visit as it is now. Raises Refusal("no_visit")."""
    ids = {visit.home_meeting.group_id, visit.host_meeting.group_id}
    lock_found(Group.objects.filter(pk__in=ids))
    return _find_open(pk=visit.pk)


def _check_ahead(visit: GuestVisit, now: datetime) -> None:
    if visit.host_meeting.starts_at <= now:
        raise Refusal(
            "meeting_begun", "The meeting has already started, so it is too late to cancel."
        )
