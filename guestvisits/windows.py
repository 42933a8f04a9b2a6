"""When visits and substitutions give people access to a group that is not theirs.

Both are dated roles at one meeting: windows depend on dates alone, so that access ends on its date
even if no task has closed the row.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from guestvisits.models import GuestVisit, SubstituteOffer
from guestvisits.substitute_access import access_span

# A provider that was down for a month must still find the date that explains why access ended.
RECENTLY = timedelta(days=90)

# What `window_of` reads. Providers read windows each second, and most of that time goes into
# building the query, column by column.
WINDOW_FIELDS = (
    "user",
    "ended_at",
    "host_meeting__starts_at",
    "host_meeting__duration_minutes",
    "host_meeting__group__cohort__guest_days_before",
    "host_meeting__group__cohort__guest_days_after",
)
OFFER_FIELDS = (
    "user",
    "answered_at",
    "ended_at",
    "substitution__meeting__group",
    "substitution__meeting__starts_at",
    "substitution__meeting__duration_minutes",
)


@dataclass(frozen=True, slots=True)
class AccessWindow:
    """When a person has access to a group for one meeting: from `begins_at` until `ends_at`.

    What ended before its window began has `ends_at` before `begins_at`: it gave no access.
    `is_open`: it has not ended, so the person is expected (or was) at the meeting, and invited to
    it, even before the window begins. `why` names it in a sentence; `leads`: with a facilitator's
    rights.
    """

    user_id: int
    group_id: int
    meeting_id: int
    begins_at: datetime
    ends_at: datetime
    is_open: bool
    why: str
    leads: bool = False

    def holds(self, now: datetime) -> bool:
        """Return whether the person has access at `now`."""
        return self.begins_at <= now < self.ends_at


def access_windows(group_ids: Collection[int] | None, now: datetime) -> list[AccessWindow]:
    """Return guests' and substitutes' windows at these groups (None: all), also ended ones.

    Two queries.
    """
    leading = substitute_windows(group_ids, now)
    return guest_windows(group_ids, now) + [
        window for window in leading if window.ends_at > now - RECENTLY
    ]


def guest_windows(group_ids: Collection[int] | None, now: datetime) -> list[AccessWindow]:
    """Return the windows of visits to these host groups (None: to all), in the order of booking.

    Includes future and current ones, and those that ended within RECENTLY. One query for any number
    of groups. Windows depend on dates alone: it does not matter whether a past visit's row has been
    closed yet, and a visit that was ended early ends its window at that moment.
    """
    visits = with_dates(GuestVisit.objects.only(*WINDOW_FIELDS))
    if group_ids is not None:
        visits = visits.filter(host_meeting__group__in=group_ids)
    recent = Q(ended_at__isnull=True) | Q(ended_at__gt=now - RECENTLY)
    windows = (window_of(visit) for visit in visits.filter(recent).order_by("pk"))
    return [window for window in windows if window.ends_at > now - RECENTLY]


def window_of(visit: GuestVisit) -> AccessWindow:
    """Return the window of one visit. Its host meeting with the cohort should be loaded."""
    meeting = visit.host_meeting
    cohort = meeting.group.cohort
    ends_at = max(meeting.starts_at + timedelta(days=cohort.guest_days_after), meeting.ends_at)
    if visit.ended_at:
        ends_at = min(ends_at, visit.ended_at)
    return AccessWindow(
        user_id=visit.user_id,
        group_id=meeting.group_id,
        meeting_id=meeting.pk,
        begins_at=meeting.starts_at - timedelta(days=cohort.guest_days_before),
        ends_at=ends_at,
        is_open=visit.is_open,
        why="the guest visit",
    )


def with_dates(visits: QuerySet[GuestVisit]) -> QuerySet[GuestVisit]:
    """Load with each visit what `window_of` reads."""
    return visits.select_related("host_meeting__group__cohort")


def substitute_windows(group_ids: Collection[int] | None, now: datetime) -> list[AccessWindow]:
    """Return the windows of everyone who is the substitute at a meeting of these groups, whenever
    it is, or was until recently. One query."""
    recent = Q(ended_at__isnull=True) | Q(ended_at__gt=now - RECENTLY)
    offers = SubstituteOffer.objects.filter(recent, answer=SubstituteOffer.Answer.YES)
    if group_ids is not None:
        offers = offers.filter(substitution__meeting__group__in=group_ids)
    offers = offers.select_related("substitution__meeting").only(*OFFER_FIELDS)
    return [substitute_window(offer) for offer in offers.order_by("pk")]


def substitute_window(offer: SubstituteOffer) -> AccessWindow:
    """Return the window of an offer with the answer yes. Its meeting should be loaded."""
    meeting = offer.substitution.meeting
    assert offer.answered_at is not None  # a database constraint
    span = access_span(meeting.starts_at, meeting.ends_at, offer.answered_at)
    return AccessWindow(
        user_id=offer.user_id,
        group_id=meeting.group_id,
        meeting_id=meeting.pk,
        begins_at=span.since,
        ends_at=min(span.until, offer.ended_at) if offer.ended_at else span.until,
        is_open=offer.ended_at is None,
        why="the substitution",
        leads=True,
    )
