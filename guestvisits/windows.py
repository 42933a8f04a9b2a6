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
    "home_meeting__group",
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
class GuestWindow:
    """When a visit gives its guest access to the host group: from `begins_at` until `ends_at`.

    A visit that was cancelled before its window began has `ends_at` before `begins_at`: it gave no
    access. `is_open`: the visit has not ended, so the guest is expected (or was) at the host
    meeting.
    """

    visit_id: int
    user_id: int
    host_group_id: int
    host_meeting_id: int
    home_group_id: int
    begins_at: datetime
    ends_at: datetime
    is_open: bool

    def holds(self, now: datetime) -> bool:
        """Return whether the guest has access at `now`."""
        return self.begins_at <= now < self.ends_at


def guest_windows(group_ids: Collection[int] | None, now: datetime) -> list[GuestWindow]:
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


def window_of(visit: GuestVisit) -> GuestWindow:
    """Return the window of one visit. Its meetings and the host's cohort should be loaded."""
    meeting = visit.host_meeting
    cohort = meeting.group.cohort
    ends_at = max(meeting.starts_at + timedelta(days=cohort.guest_days_after), meeting.ends_at)
    if visit.ended_at:
        ends_at = min(ends_at, visit.ended_at)
    return GuestWindow(
        visit_id=visit.pk,
        user_id=visit.user_id,
        host_group_id=meeting.group_id,
        host_meeting_id=meeting.pk,
        home_group_id=visit.home_meeting.group_id,
        begins_at=meeting.starts_at - timedelta(days=cohort.guest_days_before),
        ends_at=ends_at,
        is_open=visit.is_open,
    )


def with_dates(visits: QuerySet[GuestVisit]) -> QuerySet[GuestVisit]:
    """Load with each visit what `window_of` reads."""
    return visits.select_related("host_meeting__group__cohort", "home_meeting")


@dataclass(frozen=True, slots=True)
class AccessWindow:
    """When a person has access to a group for one meeting; `why` names it in a sentence.

    `leads`: with a facilitator's rights.
    """

    user_id: int
    group_id: int
    begins_at: datetime
    ends_at: datetime
    why: str
    leads: bool = False

    def holds(self, now: datetime) -> bool:
        """Return whether the person has access at `now`."""
        return self.begins_at <= now < self.ends_at


def access_windows(group_ids: Collection[int] | None, now: datetime) -> list[AccessWindow]:
    """Return guests' and substitutes' windows at these groups (None: all), also ended ones.

    Two queries.
    """
    guests = [
        AccessWindow(
            window.user_id,
            window.host_group_id,
            window.begins_at,
            window.ends_at,
            "the guest visit",
        )
        for window in guest_windows(group_ids, now)
    ]
    return guests + _substitute_windows(group_ids, now)


def _substitute_windows(group_ids: Collection[int] | None, now: datetime) -> list[AccessWindow]:
    windows = [substitute_window(offer) for offer in _accepted_offers(group_ids, now)]
    return [window for window in windows if window.ends_at > now - RECENTLY]


@dataclass(frozen=True, slots=True)
class SubstituteInvitation:
    """A substitute at one meeting. `is_open`: they lead it; otherwise that ended recently."""

    user_id: int
    group_id: int
    meeting_id: int
    is_open: bool


def substitute_invitations(
    group_ids: Collection[int] | None, now: datetime
) -> list[SubstituteInvitation]:
    """Return who is, or recently was, the substitute at a meeting of these groups. One query.

    They are invited to that meeting from the yes on, as guests are from the booking on.
    """
    return [
        SubstituteInvitation(
            offer.user_id, meeting.group_id, meeting.pk, is_open=offer.ended_at is None
        )
        for offer in _accepted_offers(group_ids, now)
        if (meeting := offer.substitution.meeting)
    ]


def _accepted_offers(group_ids: Collection[int] | None, now: datetime) -> QuerySet[SubstituteOffer]:
    recent = Q(ended_at__isnull=True) | Q(ended_at__gt=now - RECENTLY)
    offers = SubstituteOffer.objects.filter(recent, answer=SubstituteOffer.Answer.YES)
    if group_ids is not None:
        offers = offers.filter(substitution__meeting__group__in=group_ids)
    return offers.select_related("substitution__meeting").only(*OFFER_FIELDS).order_by("pk")


def substitute_window(offer: SubstituteOffer) -> AccessWindow:
    """Return the window of an offer with the answer yes. Its meeting should be loaded.

    A substitute who withdrew before the window began has `ends_at` before `begins_at`.
    """
    meeting = offer.substitution.meeting
    assert offer.answered_at is not None  # a database constraint
    span = access_span(meeting.starts_at, meeting.ends_at, offer.answered_at)
    ends_at = min(span.until, offer.ended_at) if offer.ended_at else span.until
    return AccessWindow(
        offer.user_id, meeting.group_id, span.since, ends_at, "the substitution", leads=True
    )
