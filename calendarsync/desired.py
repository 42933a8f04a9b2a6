"""What should stand in the calendar at a moment.  Pure: no Django, no network, no clock.

    a group                     one series; its start, zone and rule never change
    a meeting in the rhythm     the occurrence at its place in the rhythm, moved or cancelled
    an occurrence without one   cancelled
    a meeting outside it        a single event
    a guest                     invited to the one meeting, or by an event for the guest alone

What has begun is history: nothing is wanted of it, and so nothing of it is ever changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from calendarsync.facts import EventRecord, GroupFacts, Guest, MeetingFacts, Person, Snapshot
from calendarsync.observed import Face
from calendarsync.slots import Slot

Addresses = frozenset[str]
NOBODY: Addresses = frozenset()


@dataclass(frozen=True, slots=True)
class WantedOccurrence:
    """`original`: where the series puts it."""

    name: str
    original: datetime
    start: datetime
    minutes: int
    cancelled: bool = False
    people: Addresses = NOBODY


@dataclass(frozen=True, slots=True)
class WantedEvent:
    """A single event.  `record` is the newest one of this meeting and guest."""

    name: str
    meeting_id: int
    person_id: int | None
    start: datetime
    minutes: int
    people: Addresses
    record: EventRecord | None


@dataclass(frozen=True, slots=True)
class WantedGroup:
    """`people` is None when the series' own list is history, or there is nothing to be on.

    `obstacle`: a trouble's code, why no series can be made; else `make` is what it is made with.
    `former`: addresses that a dated fact takes off the lists; `exempt`: those that may stay.
    `unwanted`: single events to take away.
    """

    facts: GroupFacts
    face: Face
    obstacle: str = ""
    make: Slot | None = None
    slot_changed: bool = False
    people: Addresses | None = None
    former: Addresses = NOBODY
    exempt: Addresses = NOBODY
    occurrences: tuple[WantedOccurrence, ...] = ()
    events: tuple[WantedEvent, ...] = ()
    unwanted: tuple[EventRecord, ...] = ()
    visits: tuple[Guest, ...] = ()  # to meetings that are still to come
    next_at: datetime | None = None

    def explains(self, address: str) -> bool:
        """Whether a dated fact says that this address has no access any more."""
        return not self.facts.live or address in self.former


@dataclass(frozen=True, slots=True)
class Desired:
    """What is wanted of each group, and the facts from which that followed at `now`."""

    snapshot: Snapshot
    now: datetime
    groups: Mapping[int, WantedGroup] = field(default_factory=dict)

    @property
    def installation(self) -> str:
        return self.snapshot.installation


def want(snapshot: Snapshot, now: datetime) -> Desired:
    groups = {pk: want_group(group, snapshot, now) for pk, group in snapshot.groups.items()}
    return Desired(snapshot, now, groups)


def want_group(facts: GroupFacts, snapshot: Snapshot, now: datetime) -> WantedGroup:
    ahead = [m for m in facts.meetings if m.starts_at > now]
    visits = _visits(facts, ahead)
    changed = _is_slot_changed(facts)
    events = tuple(_events(facts, ahead, visits, changed, snapshot.own_events))
    on_it = () if snapshot.own_events else visits
    obstacle = _obstacle(facts, ahead)
    return WantedGroup(
        facts=facts,
        face=_face(facts, snapshot.site_url),
        obstacle=obstacle,
        make=None if obstacle else _slot_to_make(facts, ahead),
        slot_changed=changed,
        people=_people(facts, now),
        former=_former(facts, now),
        exempt=_addresses(one.person for one in facts.exempt if one.until > now),
        occurrences=tuple(_occurrences(facts, on_it, changed, now)),
        events=events,
        unwanted=tuple(_unwanted(facts, ahead, events)),
        visits=visits,
        next_at=min((one.until for one in facts.exempt if one.until > now), default=None),
    )


# -- the series ------------------------------------------------------------------------------


def _obstacle(facts: GroupFacts, ahead: Iterable[MeetingFacts]) -> str:
    if not facts.live:
        return "group_ended"
    if facts.weekly is None:
        return "no_slot"
    if not facts.members:
        return "no_members"
    return "" if any(_in_rhythm(ahead)) else "no_meetings_ahead"


def _slot_to_make(facts: GroupFacts, ahead: Iterable[MeetingFacts]) -> Slot | None:
    """A series of what is still to come: past meetings need no invitation."""
    starts = list(_in_rhythm(ahead))
    return Slot.through(starts, facts.weekly) if facts.weekly and starts else None


def _in_rhythm(meetings: Iterable[MeetingFacts]) -> Iterator[datetime]:
    return (m.rhythm_at for m in meetings if m.rhythm_at and not m.cancelled)


def _is_slot_changed(facts: GroupFacts) -> bool:
    slot = facts.series_slot
    return bool(facts.live and slot and facts.weekly and facts.weekly != slot.weekly())


def _people(facts: GroupFacts, now: datetime) -> Addresses | None:
    """Who should be on the series' list; None once its last occurrence has begun."""
    slot = facts.series_slot
    if facts.series is None or (slot and slot.starts()[-1] <= now):
        return None
    return _members(facts)


def _members(facts: GroupFacts) -> Addresses:
    return _addresses(facts.members) if facts.live else NOBODY


def _former(facts: GroupFacts, now: datetime) -> Addresses:
    """A visit that stands explains too why a guest's address does not belong on another list."""
    ended = (one.person for one in facts.exempt if one.until <= now)
    return _addresses([*facts.former, *ended, *(guest.person for guest in facts.guests)])


def _addresses(people: Iterable[Person]) -> Addresses:
    return frozenset(person.address for person in people if person.address)


# -- meetings --------------------------------------------------------------------------------


def _occurrences(
    facts: GroupFacts, visits: Iterable[Guest], slot_changed: bool, now: datetime
) -> Iterator[WantedOccurrence]:
    slot = facts.series_slot
    if slot is None or not facts.meetings:
        return
    by_place = {m.rhythm_at: m for m in facts.meetings if m.rhythm_at}
    for original in slot.starts():
        meeting = by_place.get(original)
        if meeting is not None and not meeting.cancelled:
            if meeting.starts_at > now:
                yield _occurrence(facts, meeting, original, visits)
        # While a changed slot waits for a person, an empty place may only mean the old slot.
        elif original > now and (meeting is not None or not slot_changed):
            name = _name(facts, meeting) if meeting else f"{facts.name}, {original:%-d %B}"
            yield WantedOccurrence(name, original, original, slot.minutes, cancelled=True)


def _occurrence(
    facts: GroupFacts, meeting: MeetingFacts, original: datetime, visits: Iterable[Guest]
) -> WantedOccurrence:
    return WantedOccurrence(
        _name(facts, meeting),
        original,
        meeting.starts_at,
        meeting.minutes,
        people=_expected(facts, meeting, visits),
    )


def _expected(facts: GroupFacts, meeting: MeetingFacts, visits: Iterable[Guest]) -> Addresses:
    here = (visit.person for visit in visits if visit.meeting_id == meeting.id)
    return _members(facts) | _addresses(here)


def _visits(facts: GroupFacts, ahead: Iterable[MeetingFacts]) -> tuple[Guest, ...]:
    to_come = {meeting.id for meeting in ahead if not meeting.cancelled}
    return tuple(
        guest
        for guest in facts.guests
        if guest.expected and facts.live and guest.meeting_id in to_come
    )


def _events(
    facts: GroupFacts,
    ahead: Iterable[MeetingFacts],
    visits: Iterable[Guest],
    slot_changed: bool,
    own_events: bool,
) -> Iterator[WantedEvent]:
    """The single events: of meetings that the series has no place for, and of guests."""
    meetings = {m.id: m for m in ahead if facts.live and not m.cancelled}
    on_it = () if own_events else visits
    for meeting in meetings.values():
        if _is_outside(facts, meeting, slot_changed):
            people = _expected(facts, meeting, on_it)
            yield _event(facts, meeting, None, _name(facts, meeting), people)
    for visit in visits if own_events else ():
        meeting = meetings[visit.meeting_id]
        name = f"{visit.person.name} at {_name(facts, meeting)}"
        if visit.person.address:
            yield _event(facts, meeting, visit.person.id, name, _addresses([visit.person]))


def _is_outside(facts: GroupFacts, meeting: MeetingFacts, slot_changed: bool) -> bool:
    slot = facts.series_slot
    if slot is None:
        return False
    if meeting.rhythm_at is None:
        return True
    return not slot_changed and meeting.rhythm_at not in slot.starts()


def _event(
    facts: GroupFacts, meeting: MeetingFacts, person_id: int | None, name: str, people: Addresses
) -> WantedEvent:
    record = next(
        (r for r in facts.events if (r.meeting_id, r.person_id) == (meeting.id, person_id)), None
    )
    return WantedEvent(
        name, meeting.id, person_id, meeting.starts_at, meeting.minutes, people, record
    )


def _unwanted(
    facts: GroupFacts, ahead: Iterable[MeetingFacts], events: Iterable[WantedEvent]
) -> Iterator[EventRecord]:
    to_come = {meeting.id for meeting in ahead}
    wanted = {(event.meeting_id, event.person_id) for event in events}
    for record in facts.events:
        if record.meeting_id in to_come and (record.meeting_id, record.person_id) not in wanted:
            yield record


# -- words -----------------------------------------------------------------------------------


def _name(facts: GroupFacts, meeting: MeetingFacts) -> str:
    return f"week {meeting.number} of {facts.name}"


def _face(facts: GroupFacts, site_url: str) -> Face:
    """The location is our own address: nothing is patched when a channel is made anew."""
    page = f"{site_url}/groups/{facts.id}/"
    return Face(
        summary=f"{facts.course} - {facts.name}",
        description=(
            f"{facts.name} of {facts.course}, {facts.cohort}.\n"
            f"Where it meets and who comes: {page}\n"
            f"If you can't make it one week: {site_url}/meetings/"
        ),
        location=page,
        guests_see=False,
        guests_invite=False,
        guests_modify=False,
        reminders=False,
    )
