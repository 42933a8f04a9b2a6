"""Read people's answers from an observation, and record those that count as an RSVP.

Called within the transaction that stores an observation. RSVPs given in Lens during the observation
are read under the groups' locks; `calendarsync.rsvp.merge` decides which answer is newer.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Q

from calendarsync.models import CalendarEvent, CalendarSeries, ObservedRsvp
from calendarsync.rsvp.dating import CalendarChanges
from calendarsync.rsvp.merge import NO_RSVP, GoogleRsvp, LensRsvp, find_replacement, is_copied
from calendarsync.rsvp.reading import EventPlace, read_rsvps
from calendarsync.state.observed import ObservedCalendar
from calendarsync.state.slots import whole_second
from cohorts.models import Group, User, live_group
from cohorts.services.locks import lock_groups
from meetings.models import Attendance, Meeting
from meetings.rsvps import ExternalRsvp, find_expected, import_rsvps
from meetings.selectors import MAX_DURATION

Key = tuple[int, int]  # meeting, person


@transaction.atomic
def record_rsvps(
    observed: ObservedCalendar,
    changes: CalendarChanges,
    now: datetime,
) -> None:
    """Compare the answers in the changed families with the last known ones, and record changes.

    `now` is when the observation began. Nothing is locked if no answer has changed.
    """
    meetings = _meetings_ahead(_groups_of(changes.families), now)
    says = _read(meetings, observed, changes, now) if meetings else {}
    rows = _stored_rsvps(meetings)
    last = {key: GoogleRsvp(row.own, row.series, copied=row.copied) for key, row in rows.items()}
    changed = {key: one for key, one in says.items() if last.get(key) != one}
    if changed:
        lock_groups({meetings[meeting_id].group_id for meeting_id, _ in changed})
        import_rsvps(list(_weigh(changed, last, changes.rewritten)), now=now)
        _remember(changed, last, now)
    listed = {meeting_id for meeting_id, _ in says}
    _forget([row for key, row in rows.items() if key[0] in listed and key not in says])


def _weigh(
    changed: Mapping[Key, GoogleRsvp],
    last: Mapping[Key, GoogleRsvp],
    rewritten: frozenset[str],
) -> Iterator[ExternalRsvp]:
    """Yield the answers that count. The caller holds the locks, so no RSVP can change in Lens."""
    listened = {meeting_id for meeting_id, _ in last}
    decided = _decided(changed)
    for key, one in changed.items():
        answer = find_replacement(
            last.get(key, NO_RSVP if key[0] in listened else None),
            one,
            decided.get(key, LensRsvp()),
            rewritten=one.series_id in rewritten,
        )
        if answer:
            yield ExternalRsvp(*key, answer)


# -- reading ---------------------------------------------------------------------------------


def _groups_of(event_ids: Collection[str]) -> set[int]:
    """Return the ids of the live groups to which these events belong."""
    if not event_ids:
        return set()
    series = CalendarSeries.objects.filter(event_id__in=event_ids).values("group")
    singles = CalendarEvent.objects.filter(event_id__in=event_ids).values("meeting__group")
    groups = Group.objects.filter(Q(pk__in=series) | Q(pk__in=singles))
    return set(groups.filter(live_group()).values_list("pk", flat=True))


def _meetings_ahead(group_ids: Collection[int], now: datetime) -> dict[int, Meeting]:
    rows = Meeting.objects.filter(
        group__in=group_ids, status=Meeting.Status.SCHEDULED, starts_at__gt=now - MAX_DURATION
    )
    return {meeting.pk: meeting for meeting in rows if meeting.ends_at > now}


def _read(
    meetings: Mapping[int, Meeting],
    observed: ObservedCalendar,
    changes: CalendarChanges,
    now: datetime,
) -> dict[Key, GoogleRsvp]:
    """Return the answers by (meeting, person), of everyone who is expected there and on a list."""
    places = _places(meetings.values())
    expected = find_expected(meetings.keys(), now)
    people = _people(set().union(*expected.values()) if expected else set())
    found: dict[Key, GoogleRsvp] = {}
    for place in places:
        for address, rsvp in read_rsvps(place, observed, changes).items():
            user_id = people.get(address)
            if user_id in expected.get(place.meeting_id, ()):
                assert user_id is not None
                found[place.meeting_id, user_id] = rsvp
    return found


def _places(meetings: Collection[Meeting]) -> list[EventPlace]:
    series: dict[int, list[str]] = defaultdict(list)
    singles: dict[int, list[str]] = defaultdict(list)
    rows = CalendarSeries.objects.filter(group__in={meeting.group_id for meeting in meetings})
    for group_id, event_id in rows.order_by("-generation").values_list("group", "event_id"):
        series[group_id].append(event_id)
    events = CalendarEvent.objects.filter(meeting__in=meetings).order_by("generation")
    for meeting_id, event_id in events.values_list("meeting", "event_id"):
        singles[meeting_id].append(event_id)
    return [
        EventPlace(
            meeting.pk,
            meeting.rhythm_starts_at and whole_second(meeting.rhythm_starts_at),
            tuple(series[meeting.group_id]),
            tuple(singles[meeting.pk]),
        )
        for meeting in meetings
    ]


def _people(user_ids: Collection[int]) -> dict[str, int]:
    """Return user ids by address in lower case, since Lens and Google may differ in case."""
    rows = User.objects.filter(pk__in=user_ids).values_list("pk", "email")
    return {email.strip().lower(): pk for pk, email in rows if email}


# -- what was known --------------------------------------------------------------------------


def _stored_rsvps(meeting_ids: Collection[int]) -> dict[Key, ObservedRsvp]:
    rows = ObservedRsvp.objects.filter(meeting__in=meeting_ids)
    return {(row.meeting_id, row.user_id): row for row in rows}


def _decided(keys: Iterable[Key]) -> dict[Key, LensRsvp]:
    """Return the RSVPs given in Lens so far. The caller holds the locks."""
    rows = Attendance.objects.filter(meeting__in={meeting_id for meeting_id, _ in keys})
    return {
        (row.meeting_id, row.user_id): LensRsvp(row.rsvp, row.rsvp_at)
        for row in rows.exclude(rsvp=Attendance.Rsvp.PENDING)
    }


def _forget(rows: Collection[ObservedRsvp]) -> None:
    """Delete the last answers of people who left a meeting's lists; a new invitation has none."""
    if rows:
        ObservedRsvp.objects.filter(pk__in=[row.pk for row in rows]).delete()


def _remember(
    observed: Mapping[Key, GoogleRsvp], last: Mapping[Key, GoogleRsvp], now: datetime
) -> None:
    ObservedRsvp.objects.bulk_create(
        [
            ObservedRsvp(
                meeting_id=meeting_id,
                user_id=user_id,
                own=one.own,
                series=one.series,
                copied=is_copied(last.get((meeting_id, user_id), NO_RSVP), one),
                observed_at=now,
            )
            for (meeting_id, user_id), one in observed.items()
        ],
        update_conflicts=True,
        unique_fields=["meeting", "user"],
        update_fields=["own", "series", "copied", "observed_at"],
    )
