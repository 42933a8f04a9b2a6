"""Queries for the visits that messages are about."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from cohorts.outbox.models import Message
from cohorts.outbox.sources import NoLongerTrue
from guestvisits.models import GuestVisit

# Longer than any message about the end of a visit may still be sent.
SPOKEN_OF = timedelta(days=7)


def spoken_of(since: datetime) -> QuerySet[GuestVisit]:
    """Return visits open or recently ended at a time, with everything that messages mention."""
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=since - SPOKEN_OF)
    return _with_words(GuestVisit.objects.filter(lately)).order_by("pk")


def visit_of(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises NoLongerTrue if it no longer exists."""
    visit = _with_words(GuestVisit.objects.filter(pk=message.context["visit"])).first()
    if visit is None:
        raise NoLongerTrue("The visit no longer exists.")
    return visit


def open_visit_of(message: Message) -> GuestVisit:
    """Return the visit that a message is about. Raises NoLongerTrue if it has ended."""
    visit = visit_of(message)
    if not visit.is_open:
        raise NoLongerTrue(f"The visit has ended: {visit.get_end_reason_display()}.")
    return visit


def _with_words(visits: QuerySet[GuestVisit]) -> QuerySet[GuestVisit]:
    return visits.select_related(
        "user", "host_meeting__group__cohort__course", "home_meeting__group__cohort__course"
    )
