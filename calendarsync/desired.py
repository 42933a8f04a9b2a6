"""The desired state of the calendar at a moment. Pure: no Django, no network, no clock.

    a group                     one series; another one if the rhythm changed (generations)
    a meeting in the rhythm     the occurrence at its place in the rhythm, moved or cancelled
    a place without a meeting   that occurrence is cancelled
    a meeting outside it        a single event
    a guest                     invited to the one meeting, or by an event for the guest alone
    an ended group              its future occurrences are cancelled; its series stays as it is

Anything that has begun is history: it has no desired state, so it is never changed.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.state.facts import (
    CalendarGroup,
    CalendarPerson,
    CalendarSnapshot,
    EventRecord,
    Guest,
    SeriesRecord,
)
from calendarsync.state.generations import Generations, SeriesSpan, fit, read_generations
from calendarsync.state.observed import EventDetails
from calendarsync.state.slots import SeriesSlot
from cohorts.reconcile.values import IssueCode
from meetings.rhythm import MeetingFacts, name_meeting

Addresses = frozenset[str]
NOBODY: Addresses = frozenset()


@dataclass(frozen=True, slots=True)
class DesiredOccurrence:
    """An occurrence that should be held or cancelled.

    `original`: its start by the series; `start`: its meeting's, also if that is cancelled.
    `meeting_id` is None if no meeting has this place.
    `elsewhere`: it is cancelled here because a newer series has that week's meeting.
    """

    name: str
    original: datetime
    start: datetime
    minutes: int
    meeting_id: int | None = None
    cancelled: bool = False
    elsewhere: bool = False
    people: Addresses = NOBODY


@dataclass(frozen=True, slots=True)
class DesiredSeries:
    """A series that was made.

    `people` is None if the series' own list is history. `ahead`: it has coming occurrences to keep
    or to cancel. `unwanted`: no meeting was or will be held in it, so it is cancelled as a whole.
    """

    record: SeriesRecord
    people: Addresses | None = None
    occurrences: tuple[DesiredOccurrence, ...] = ()
    ahead: bool = False
    unwanted: bool = False

    @property
    def is_needed(self) -> bool:
        """Whether people need it for coming meetings, also for one that was moved past its end."""
        return self.people is not None or _is_held(self.occurrences)


@dataclass(frozen=True, slots=True)
class DesiredEvent:
    """A single event. `record` is the newest one of this meeting and guest."""

    name: str
    meeting_id: int
    person_id: int | None
    start: datetime
    minutes: int
    people: Addresses
    record: EventRecord | None


@dataclass(frozen=True, slots=True)
class DesiredGroupCalendar:
    """What one group should have in the calendar.

    `series`: those that were made, newest first. `blocking_issue`: the code of the issue why no
    series can be made. Otherwise `make` is the slot of the first one, and `next_series` that of one
    to make beside the existing ones. `mismatched`: the series that staff entered does not match
    this group's slot. `members`: their addresses, none once the group has ended. `former`:
    addresses with a recorded end of access; `exempt`: addresses that may stay. `unwanted`: single
    events to cancel.
    """

    facts: CalendarGroup
    details: EventDetails
    blocking_issue: str = ""
    make: SeriesSlot | None = None
    next_series: SeriesSlot | None = None
    mismatched: bool = False
    members: Addresses = NOBODY
    former: Addresses = NOBODY
    exempt: Addresses = NOBODY
    series: tuple[DesiredSeries, ...] = ()
    events: tuple[DesiredEvent, ...] = ()
    unwanted: tuple[EventRecord, ...] = ()
    visits: tuple[Guest, ...] = ()  # to meetings that are still to come
    next_at: datetime | None = None

    @property
    def people(self) -> Addresses | None:
        """The addresses that should be on the newest series' list."""
        return self.series[0].people if self.series else None

    def explains(self, address: str) -> bool:
        """Return whether this address has a recorded end of access."""
        return not self.facts.live or address in self.former


@dataclass(frozen=True, slots=True)
class DesiredCalendar:
    """The desired state of each group, and the snapshot from which it was computed for `now`.

    `renewed`: by group, what was last computed from facts that a run's own writes have changed. A
    group is viewed several times between two readings of the facts.
    """

    snapshot: CalendarSnapshot
    now: datetime
    groups: Mapping[int, DesiredGroupCalendar] = field(default_factory=dict)
    renewed: dict[int, DesiredGroupCalendar] = field(default_factory=dict, compare=False)

    @property
    def installation(self) -> str:
        return self.snapshot.installation


# -- how it follows from the facts ----------------------------------------------------------------


def desired_state(snapshot: CalendarSnapshot, now: datetime) -> DesiredCalendar:
    groups = {pk: desired_group(group, snapshot, now) for pk, group in snapshot.groups.items()}
    return DesiredCalendar(snapshot, now, groups)


def desired_group(
    facts: CalendarGroup, snapshot: CalendarSnapshot, now: datetime
) -> DesiredGroupCalendar:
    ahead = [m for m in facts.meetings if m.starts_at > now]
    visits = _visits(facts, ahead)
    generations = read_generations(facts, now)
    events = tuple(_events(facts, ahead, visits, generations, snapshot.own_events))
    on_it = () if snapshot.own_events else visits
    blocking_issue = _find_blocking_issue(facts, ahead)
    return DesiredGroupCalendar(
        facts=facts,
        details=_details(facts, snapshot.site_url),
        blocking_issue=blocking_issue,
        make=None if blocking_issue else _first_slot(facts, ahead),
        next_series=None if blocking_issue else generations.next_series,
        mismatched=generations.mismatched,
        members=_members(facts),
        former=_former(facts, now),
        exempt=_addresses(one.person for one in facts.exempt if one.until > now),
        series=tuple(_series(facts, generations, on_it, now)),
        events=events,
        unwanted=tuple(_unwanted(facts, ahead, events, generations)),
        visits=visits,
        next_at=min((one.until for one in facts.exempt if one.until > now), default=None),
    )


# -- the series ------------------------------------------------------------------------------


def _find_blocking_issue(facts: CalendarGroup, ahead: Collection[MeetingFacts]) -> str:
    if not facts.live:
        return "group_ended"
    if facts.weekly is None:
        return IssueCode.NO_SLOT
    if not facts.members:
        return IssueCode.NO_MEMBERS
    return "" if fit(facts, ahead) else "no_meetings_ahead"


def _first_slot(facts: CalendarGroup, ahead: Collection[MeetingFacts]) -> SeriesSlot | None:
    """Return the slot of a series for coming meetings. Past meetings need no invitation."""
    starts = [m.rhythm_at for m in fit(facts, ahead) if m.rhythm_at]
    return SeriesSlot.through(starts, facts.weekly) if facts.weekly and starts else None


def _series(
    facts: CalendarGroup, generations: Generations, visits: Iterable[Guest], now: datetime
) -> Iterator[DesiredSeries]:
    spans = {span.record.event_id: span for span in generations.spans}
    for record in (one for one in facts.all_series if one.made):
        span = spans.get(record.event_id)
        occurrences = tuple(_occurrences(facts, span, generations, visits, now)) if span else ()
        is_newest = record == facts.series
        yield DesiredSeries(
            record,
            _people(facts, record, now) if is_newest or _is_held(occurrences) else None,
            occurrences,
            ahead=any(max(one.original, one.start) > now for one in occurrences),
            unwanted=bool(
                span and not is_newest and _is_for_nothing(facts, span, generations, now)
            ),
        )


def _is_held(occurrences: Iterable[DesiredOccurrence]) -> bool:
    return any(not one.cancelled for one in occurrences)


def _people(facts: CalendarGroup, record: SeriesRecord, now: datetime) -> Addresses | None:
    """Return the addresses for the series' list, or None if it stays as it is.

    It does once its last occurrence has begun, or its group has ended: past meetings stay in
    people's calendars.
    """
    is_over = record.slot and record.slot.starts()[-1] <= now
    return None if is_over or not facts.live else _members(facts)


def _is_for_nothing(
    facts: CalendarGroup, span: SeriesSpan, generations: Generations, now: datetime
) -> bool:
    """Return whether newer series took over all meetings before this one has begun."""
    is_home = any(generations.home_of(meeting) == span.record for meeting in facts.meetings)
    return not (is_home or generations.next_series) and span.slot.starts()[0] > now


def _members(facts: CalendarGroup) -> Addresses:
    return _addresses(facts.members) if facts.live else NOBODY


def _former(facts: CalendarGroup, now: datetime) -> Addresses:
    """Return the addresses whose access has ended.

    A guest's address is among them: the visit explains why it does not belong on other lists.
    """
    ended = (one.person for one in facts.exempt if one.until <= now)
    people = [*facts.former, *ended, *(guest.person for guest in facts.guests)]
    return _addresses(person for person in people if not person.stays)


def _addresses(people: Iterable[CalendarPerson]) -> Addresses:
    return frozenset(person.address for person in people if person.can_be_invited)


# -- meetings --------------------------------------------------------------------------------


def _occurrences(
    facts: CalendarGroup,
    span: SeriesSpan,
    generations: Generations,
    visits: Iterable[Guest],
    now: datetime,
) -> Iterator[DesiredOccurrence]:
    by_place = {m.rhythm_at: m for m in facts.meetings if m.rhythm_at}
    for original in span.slot.starts() if facts.meetings else ():
        meeting = by_place.get(original) if span.holds(original) else None
        if meeting is not None and facts.live and not meeting.cancelled:
            if meeting.starts_at > now:
                yield DesiredOccurrence(
                    _name(facts, meeting),
                    original,
                    meeting.starts_at,
                    meeting.minutes,
                    meeting.id,
                    people=_expected(facts, meeting, visits),
                )
        elif meeting is not None:
            if max(original, meeting.starts_at) > now:
                yield _cancelled_occurrence(span, original, _name(facts, meeting), meeting)
        # Keep the occurrence until the series that replaces it exists.
        elif not generations.next_series:
            yield _cancelled_occurrence(span, original, f"{facts.name}, {original:%-d %B}")


def _cancelled_occurrence(
    span: SeriesSpan, original: datetime, name: str, meeting: MeetingFacts | None = None
) -> DesiredOccurrence:
    return DesiredOccurrence(
        name,
        original,
        meeting.starts_at if meeting else original,
        span.slot.minutes,
        meeting.id if meeting else None,
        cancelled=True,
        elsewhere=meeting is None and span.is_of_week_taken_over(original),
    )


def _expected(facts: CalendarGroup, meeting: MeetingFacts, visits: Iterable[Guest]) -> Addresses:
    here = (visit.person for visit in visits if visit.meeting_id == meeting.id)
    return _members(facts) | _addresses(here)


def _visits(facts: CalendarGroup, ahead: Iterable[MeetingFacts]) -> tuple[Guest, ...]:
    to_come = {meeting.id for meeting in ahead if not meeting.cancelled}
    return tuple(
        guest
        for guest in facts.guests
        if guest.expected and facts.live and guest.meeting_id in to_come
    )


def _events(
    facts: CalendarGroup,
    ahead: Iterable[MeetingFacts],
    visits: Iterable[Guest],
    generations: Generations,
    own_events: bool,
) -> Iterator[DesiredEvent]:
    """Yield the single events: for meetings that have no place in a series, and for guests."""
    meetings = {m.id: m for m in ahead if facts.live and not m.cancelled}
    on_it = () if own_events else visits
    for meeting in meetings.values():
        if _is_outside(meeting, generations):
            people = _expected(facts, meeting, on_it)
            yield _event(facts, meeting, None, _name(facts, meeting), people)
    for visit in visits if own_events else ():
        meeting = meetings[visit.meeting_id]
        name = f"{visit.person.name} at {_name(facts, meeting)}"
        if visit.person.can_be_invited:
            yield _event(facts, meeting, visit.person.id, name, _addresses([visit.person]))


def _is_outside(meeting: MeetingFacts, generations: Generations) -> bool:
    if not generations.spans or generations.awaits(meeting):
        return False
    return generations.home_of(meeting) is None


def _event(
    facts: CalendarGroup,
    meeting: MeetingFacts,
    person_id: int | None,
    name: str,
    people: Addresses,
) -> DesiredEvent:
    key = meeting.id, person_id
    record = next((r for r in facts.events if (r.meeting_id, r.person_id) == key), None)
    return DesiredEvent(name, *key, meeting.starts_at, meeting.minutes, people, record)


def _unwanted(
    facts: CalendarGroup,
    ahead: Iterable[MeetingFacts],
    events: Iterable[DesiredEvent],
    generations: Generations,
) -> Iterator[EventRecord]:
    """Yield single events to cancel.

    A meeting keeps its own until the series that will hold it exists. Of several only the newest is
    kept: an older one may have been restored by hand.
    """
    to_come = {meeting.id for meeting in ahead}
    kept = {(event.meeting_id, event.person_id) for event in events}
    kept |= {(meeting.id, None) for meeting in ahead if generations.awaits(meeting)}
    for record in facts.events:
        key = record.meeting_id, record.person_id
        if record.meeting_id in to_come and key not in kept:
            yield record
        kept.discard(key)


# -- texts -----------------------------------------------------------------------------------


def _name(facts: CalendarGroup, meeting: MeetingFacts) -> str:
    return f"{name_meeting(meeting.number)} of {facts.name}"


def _details(facts: CalendarGroup, site_url: str) -> EventDetails:
    """Return the event's texts.

    The location is a page of ours, so a recreated channel changes nothing.
    """
    page = f"{site_url}/groups/{facts.id}/"
    return EventDetails(
        summary=f"{facts.course} - {facts.name}",
        description=(
            f"{facts.name} of {facts.course}, {facts.cohort}.\n"
            f"Where the group meets and who is coming: {page}\n"
            f"If you can't make it one week: {site_url}/meetings/"
        ),
        location=page,
        guests_see=False,
        guests_invite=False,
        guests_modify=False,
        reminders=False,
    )
