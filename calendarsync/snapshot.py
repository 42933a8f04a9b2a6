"""Read the data that concerns the calendar, in a constant number of queries."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.conf import settings
from django.db.models import Exists, OuterRef, Q, QuerySet

from calendarsync.copies.completing import slot_of
from calendarsync.copies.loading import load_copies
from calendarsync.models import CalendarEvent, CalendarSeries
from calendarsync.selectors import (
    PROVIDER,
    addresses_to_erase,
    guest_invitation,
    read_addresses,
)
from calendarsync.state.facts import (
    AddressBook,
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    Exempt,
    Guest,
    SeriesRecord,
)
from calendarsync.state.ids import Mark, make_id
from calendarsync.state.slots import whole_second
from cohorts.models import AccessException, Group, Installation, Membership, User, live_group
from cohorts.reconcile.models import GroupSync
from cohorts.zones import zone_names
from guestvisits.selectors import belonged_to
from guestvisits.windows import guest_windows, substitute_windows
from meetings.models import Meeting
from meetings.rhythm import MeetingFacts, Slot

USER_FIELDS = ("user__email", "user__name", "user__nickname")  # what `_person` reads


@dataclass
class _Rows:
    """Rows that belong to the groups, by group id."""

    addresses: AddressBook
    members: dict[int, list[CalendarPerson]] = field(default_factory=lambda: defaultdict(list))
    former: dict[int, list[CalendarPerson]] = field(default_factory=lambda: defaultdict(list))
    meetings: dict[int, list[MeetingFacts]] = field(default_factory=lambda: defaultdict(list))
    guests: dict[int, list[Guest]] = field(default_factory=lambda: defaultdict(list))
    exempt: dict[int, list[Exempt]] = field(default_factory=lambda: defaultdict(list))
    series: dict[int, list[CalendarSeries]] = field(default_factory=lambda: defaultdict(list))
    events: dict[int, list[EventRecord]] = field(default_factory=lambda: defaultdict(list))
    owners: dict[str, int] = field(default_factory=dict)  # groups by the ids of their events


def take_snapshot(
    now: datetime,
    earlier: CalendarSnapshot | None = None,
    changed: Collection[int] = (),
    *,
    only: Collection[int] | None = None,
) -> CalendarSnapshot:
    """Return the data of all groups, or of only some.

    What an `earlier` snapshot has of groups that have not `changed` since is not read again.
    """
    if earlier is None or (only is None and not earlier.is_whole):
        return _read_snapshot(now, only)
    kept = earlier.groups.keys() - changed
    kept = kept if only is None else kept & set(only)
    fresh = _read_snapshot(now, {*changed, *(only or ())} - kept)
    return replace(
        fresh,
        groups={**{pk: earlier.groups[pk] for pk in kept}, **fresh.groups},
        copies={**{pk: earlier.copies.get(pk, {}) for pk in kept}, **fresh.copies},
        is_whole=only is None,
    )


def _read_snapshot(now: datetime, only: Collection[int] | None) -> CalendarSnapshot:
    groups = list(_groups(now) if only is None else _groups(now).filter(pk__in=only))
    installation, erased = Installation.objects.ensure(now).installation_id, addresses_to_erase()
    rows = _read_rows([group.pk for group in groups], now)
    found = {group.pk: _facts(group, rows) for group in groups}
    next_ids = {_next_id(facts, installation): pk for pk, facts in found.items()}
    return CalendarSnapshot(
        installation=installation,
        site_url=settings.SITE_URL,
        own_events=guest_invitation() == "own_event",
        erased=erased,
        groups=found,
        copies=load_copies(rows.owners | next_ids, rows.addresses.aliases, now, erased=erased),
        is_whole=only is None,
    )


def _next_id(facts: CalendarGroup, installation: str) -> str:
    """Return the id of the group's next series, which may exist although its record was lost."""
    return make_id(Mark(installation, facts.id, facts.next_generation))


def _groups(now: datetime) -> QuerySet[Group]:
    """Return groups that are live, have a pending request, a series and something ahead in it or in
    the group, or someone who is being erased."""
    asked = GroupSync.objects.filter(
        group=OuterRef("pk"), provider=PROVIDER, realize_requested_at__isnull=False
    )
    series = CalendarSeries.objects.filter(group=OuterRef("pk"))
    is_endless = Q(last_starts_at__isnull=True, weeks__isnull=False)  # by hand
    ahead = series.filter(Q(last_starts_at__gt=now) | is_endless)
    later = series.filter(group__meetings__starts_at__gt=now)  # moved, or outside the rhythm
    erased = User.objects.being_erased()
    return (
        Group.objects.select_related("cohort__course")
        .annotate(is_asked=Exists(asked))
        .filter(
            live_group() | Q(is_asked=True) | Exists(ahead) | Exists(later) | belonged_to(erased)
        )
        .order_by("pk")
    )


def _facts(group: Group, rows: _Rows) -> CalendarGroup:
    series = rows.series[group.pk]
    return CalendarGroup(
        id=group.pk,
        cohort_id=group.cohort_id,
        name=group.name,
        cohort=group.cohort.name,
        course=group.cohort.course.name,
        live=not group.has_ended,
        set_up=group.is_set_up,
        asked=group.is_asked,  # type: ignore[attr-defined]
        weekly=_weekly(group),
        zone=group.timezone,
        meetings=tuple(rows.meetings[group.pk]),
        members=tuple(rows.members[group.pk]),
        former=tuple(rows.former[group.pk]),
        guests=tuple(rows.guests[group.pk]),
        exempt=tuple(rows.exempt[group.pk]),
        all_series=tuple(_record(row) for row in series if row.gone_at is None),
        next_generation=max((row.generation for row in series), default=0) + 1,
        events=tuple(rows.events[group.pk]),
    )


def _weekly(group: Group) -> Slot | None:
    if group.weekday is None or group.start_time is None or group.timezone not in zone_names():
        return None
    start_time = whole_second(group.start_time)
    return Slot(group.weekday, start_time, group.timezone, group.duration_minutes)


def _record(row: CalendarSeries) -> SeriesRecord:
    return SeriesRecord(row.event_id, row.generation, row.made_at is not None, slot_of(row))


# -- the queries, one each -------------------------------------------------------------------


def _read_rows(group_ids: list[int], now: datetime) -> _Rows:
    rows = _Rows(read_addresses())
    _read_members(rows, group_ids)
    meetings = Meeting.objects.filter(group__in=group_ids).order_by("number")
    for group_id, found in meetings.facts_by_group().items():
        rows.meetings[group_id] = [_in_whole_seconds(meeting) for meeting in found]
    _read_guests(rows, group_ids, now)
    _read_exempt(rows, group_ids)
    for series in CalendarSeries.objects.filter(group__in=group_ids).order_by("-generation"):
        rows.series[series.group_id].append(series)
        rows.owners[series.event_id] = series.group_id
    _read_events(rows, group_ids)
    return rows


def _in_whole_seconds(meeting: MeetingFacts) -> MeetingFacts:
    at = meeting.rhythm_at and whole_second(meeting.rhythm_at)
    starts_at = whole_second(meeting.starts_at)
    if (starts_at, at) == (meeting.starts_at, meeting.rhythm_at):
        return meeting  # nearly all; a copy of each would take longer than reading it
    return replace(meeting, starts_at=starts_at, rhythm_at=at)


def _read_members(rows: _Rows, group_ids: list[int]) -> None:
    memberships = Membership.objects.filter(group__in=group_ids).select_related("user")
    fields = ("group", "status", "user__is_active", *USER_FIELDS)
    for one in memberships.only(*fields).order_by("pk"):
        is_active = one.status == Membership.Status.ACTIVE and one.user.is_active
        (rows.members if is_active else rows.former)[one.group_id].append(
            _person(one.user, rows.addresses)
        )


def _read_guests(rows: _Rows, group_ids: list[int], now: datetime) -> None:
    """Read the guests and substitutes. They are invited from the booking or the yes, long before
    their access window opens."""
    windows = guest_windows(group_ids, now) + substitute_windows(group_ids, now)
    people = _people({window.user_id for window in windows}, rows.addresses)
    for window in windows:
        guest = Guest(people[window.user_id], window.meeting_id, window.is_open)
        rows.guests[window.group_id].append(guest)


def _read_exempt(rows: _Rows, group_ids: list[int]) -> None:
    """Read the people whom staff keep invited. Closing an account ends that too."""
    exceptions = AccessException.objects.filter(group__in=group_ids).select_related("user")
    for one in exceptions.only("group", "until", "user__is_active", *USER_FIELDS):
        person = _person(one.user, rows.addresses)
        if one.user.is_active:
            rows.exempt[one.group_id].append(Exempt(person, one.until))
        else:
            rows.former[one.group_id].append(person)


def _read_events(rows: _Rows, group_ids: list[int]) -> None:
    events = CalendarEvent.objects.filter(meeting__group__in=group_ids).select_related("meeting")
    for row in events.order_by("-generation", "pk"):
        rows.owners[row.event_id] = row.meeting.group_id
        rows.events[row.meeting.group_id].append(
            EventRecord(
                row.event_id,
                row.generation,
                made=row.made_at is not None,
                gone=row.gone_at is not None,
                meeting_id=row.meeting_id,
                person_id=row.user_id,
            )
        )


def read_people(user_ids: Iterable[int]) -> Mapping[int, CalendarPerson]:
    """Return people with their addresses. Up to three queries."""
    ids = set(user_ids)
    return _people(ids, read_addresses()) if ids else {}


def _people(ids: Iterable[int], book: AddressBook) -> Mapping[int, CalendarPerson]:
    return {user.pk: _person(user, book) for user in User.objects.filter(pk__in=set(ids))}


def _person(user: User, book: AddressBook) -> CalendarPerson:
    address = (user.email or "").strip().lower()
    return CalendarPerson(
        user.pk, user.display_name, address, address in book.refused, address in book.stays
    )
