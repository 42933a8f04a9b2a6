"""Queries for the records of our events."""

from collections.abc import Collection
from datetime import datetime, timedelta
from itertools import chain

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from calendarsync.models import CalendarAddress, CalendarCopy, CalendarEvent, CalendarSeries
from calendarsync.state.facts import AddressBook
from calendarsync.state.observed import StoredState, read_event
from cohorts.models import User
from cohorts.reconcile.models import ProviderState, VerificationResult
from cohorts.selectors import addresses_of

PROVIDER = "calendar"
# How often everything is listed, and not only changes: a change that is missing from one listing
# would never be returned again.
FULL_LISTING_EVERY = timedelta(hours=6)


def current_series(group_ids: Collection[int] | None = None) -> QuerySet[CalendarSeries]:
    """Return the series that groups have now, newest generation first."""
    series = CalendarSeries.objects.filter(gone_at__isnull=True).order_by("group", "-generation")
    return series if group_ids is None else series.filter(group__in=group_ids)


def newest_series(group_ids: Collection[int]) -> QuerySet[CalendarSeries]:
    """Return the newest series that was made of each group."""
    made = current_series().filter(made_at__isnull=False)
    newer = made.filter(group=OuterRef("group"), generation__gt=OuterRef("generation"))
    return made.filter(~Exists(newer), group__in=group_ids)


def read_addresses() -> AddressBook:
    """Return what is known about people's current addresses. One query."""
    rows = list(CalendarAddress.objects.filter(user__email__iexact=F("email")))
    return AddressBook(
        aliases={row.listed_as: row.email for row in rows if row.listed_as},
        refused=frozenset(row.email for row in rows if row.refused_at),
        stays=frozenset(row.email for row in rows if row.restored_at),
    )


def series_answers(group_ids: Collection[int], containing: str = "") -> dict[tuple[int, str], str]:
    """Return Google's response status by group and address of everyone on the groups' newest
    series, as last read, or only on those whose JSON contains a text. At most three queries."""
    groups = dict(newest_series(group_ids).values_list("event_id", "group"))
    copies = CalendarCopy.objects.filter(event_id__in=groups, body__icontains=containing)
    rows = list(copies.values_list("event_id", "body"))
    aliases = read_addresses().aliases if rows else {}
    return {
        (groups[event_id], attendee.address): attendee.answer
        for event_id, body in rows
        for attendee in read_event(body, aliases).attendees
    }


def addresses_to_erase() -> frozenset[str]:
    """Return every address of the people who are being erased."""
    return frozenset(chain.from_iterable(addresses_of(one) for one in User.objects.being_erased()))


def guest_invitation() -> str:
    """Return how guests are invited: CALENDAR_GUEST_INVITATION, or what suits the calendar.

    If Google mails everybody about a new guest, as `verify_services` may have found out, guests get
    events of their own. At most one query.
    """
    if settings.CALENDAR_GUEST_INVITATION:
        return str(settings.CALENDAR_GUEST_INVITATION)
    found = VerificationResult.objects.filter(
        provider=PROVIDER, scope=settings.GOOGLE_CALENDAR_ID, name="mails", value="everybody"
    )
    return "own_event" if found.exists() else "instance"


def load_stored_state(now: datetime) -> StoredState:
    """Return what an observation needs from earlier ones and from our records. Four queries."""
    state = ProviderState.objects.of(PROVIDER).first()
    kept_for, _, cursor = (state.cursor if state else "").partition(" ")
    is_whole = bool(
        state and state.fully_observed_at and now - state.fully_observed_at < FULL_LISTING_EVERY
    )
    awaited = _awaited(now)
    return StoredState(
        cursor=cursor if kept_for == settings.GOOGLE_CALENDAR_ID and is_whole else "",
        awaited=frozenset(awaited),
        uncopied=frozenset(pk for pk, is_copied in awaited.items() if not is_copied),
        aliases=read_addresses().aliases,
    )


def _awaited(now: datetime) -> dict[str, bool]:
    """Return ids of events that were made and are not over, and whether each has a copy.

    Each must be found or confirmed gone.
    """
    copies = CalendarCopy.objects.filter(
        event_id=OuterRef("event_id"), base_id=OuterRef("event_id")
    )
    is_ahead = Q(last_starts_at__isnull=True) | Q(last_starts_at__gt=now)
    series = CalendarSeries.objects.filter(is_ahead, made_at__isnull=False, gone_at__isnull=True)
    events = CalendarEvent.objects.filter(
        meeting__starts_at__gt=now, made_at__isnull=False, gone_at__isnull=True
    )
    # Their usual order joins up to three tables.
    rows = (row.order_by().values_list("event_id", Exists(copies)) for row in (series, events))
    return dict(chain.from_iterable(rows))
