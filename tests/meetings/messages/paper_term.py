"""A term on paper: what happens in it, and which reminders become pending, by plain reckoning.

It knows no model and no service of the product.  A moment at which someone looks is a tick; a
reminder is pending for a person if at any tick the meeting was as far away as the reminder says
and the person was to come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from zoneinfo import ZoneInfo

HOUR, DAY, MINUTE = timedelta(hours=1), timedelta(days=1), timedelta(minutes=1)
FIRST_DAY = date(2026, 9, 28)
WEEKS = 29  # to April: in each zone but UTC clocks change twice, or once and a hemisphere apart
ZONES = ["Europe/Berlin", "America/New_York", "Australia/Sydney", "America/Santiago", "UTC"]
REMINDERS = [(24 * HOUR, 12 * HOUR), (1 * HOUR, 15 * MINUTE)]  # pending from, never later than

Key = tuple[int, int]  # group, number


@dataclass
class Person:
    name: str
    group: int
    zone: str
    joins: datetime
    leaves: datetime | None = None

    def is_member(self, group: int, t: datetime) -> bool:
        return self.group == group and self.joins <= t and (self.leaves is None or t < self.leaves)


@dataclass
class Visit:
    person: Person
    number: int
    host: int
    booked: datetime
    cancelled: datetime | None = None

    def stands(self, t: datetime) -> bool:
        return self.booked <= t and (self.cancelled is None or t < self.cancelled)


@dataclass(frozen=True)
class Event:
    """Something that someone does: `what` names it, `key` is the meeting."""

    at: datetime
    what: str
    key: Key = (0, 0)
    person: str = ""
    to: datetime | None = None
    host: int = 0


@dataclass
class Term:
    zones: list[str]
    people: list[Person]
    starts: dict[Key, datetime]  # as the slots say
    moves: dict[Key, tuple[datetime, datetime | None]] = field(default_factory=dict)
    declines: dict[tuple[Key, str], datetime] = field(default_factory=dict)
    visits: list[Visit] = field(default_factory=list)
    downtimes: list[tuple[datetime, datetime]] = field(default_factory=list)

    def start(self, key: Key, t: datetime) -> datetime | None:
        """When the meeting was to begin, as things were at `t`; None when it was cancelled."""
        if key in self.moves and self.moves[key][0] <= t:
            return self.moves[key][1]
        return self.starts[key]

    def comes(self, person: Person, key: Key, t: datetime) -> bool:
        group, number = key
        mine = [v for v in self.visits if v.person is person and v.number == number and v.stands(t)]
        if any(visit.host == group for visit in mine):
            return True
        declined = self.declines.get((key, person.name))
        return (
            person.is_member(group, t) and not mine and not (declined is not None and declined <= t)
        )

    def events(self) -> list[Event]:
        """What is done, in order."""
        found = [Event(p.joins, "join", person=p.name) for p in self.people if p.joins > BEGIN]
        found += [Event(p.leaves, "leave", person=p.name) for p in self.people if p.leaves]
        found += [Event(at, "move", key, to=to) for key, (at, to) in self.moves.items()]
        found += [Event(at, "decline", key, name) for (key, name), at in self.declines.items()]
        for v in self.visits:
            key = (v.person.group, v.number)
            found.append(Event(v.booked, "book", key, v.person.name, host=v.host))
            if v.cancelled:
                found.append(Event(v.cancelled, "unbook", key, v.person.name, host=v.host))
        return sorted(found, key=lambda event: (event.at, event.what, event.key, event.person))

    def ticks(self) -> list[datetime]:
        """When someone looks: a minute behind each edge, and now and then; not in a downtime."""
        starts = set(self.starts.values()) | {to for _, to in self.moves.values() if to}
        edges = [24 * HOUR, 13 * HOUR, 1 * HOUR]
        moments = {start - edge + MINUTE for start in starts for edge in edges}
        moments |= {event.at + MINUTE for event in self.events()}
        return sorted(t for t in moments if not any(a <= t < b for a, b in self.downtimes))

    def pending(self) -> Counter[tuple[str, str]]:
        """How often each person gets a reminder with a subject; "" is the groups' channels."""
        seen = {(*line, ahead) for ahead, until in REMINDERS for line in self._owed(ahead, until)}
        return Counter((name, words) for name, words, _ in seen)

    def _owed(self, ahead: timedelta, until: timedelta) -> Iterator[tuple[str, str]]:
        for t in self.ticks():
            for key in self.near(t):
                start = self.start(key, t)
                if start is None or not until < start - t <= ahead:
                    continue
                yield "", subject(key, start, "UTC")
                for person in self.people:
                    if self.comes(person, key, t):
                        yield person.name, subject(key, start, person.zone)

    def near(self, t: datetime) -> list[Key]:
        """Meetings about which anything can be said at `t`: no move goes further than two days."""
        return [key for key, start in self.starts.items() if abs(start - t) <= 5 * DAY]


BEGIN = datetime(2026, 9, 20, 12, tzinfo=UTC)


def subject(key: Key, start: datetime, zone: str) -> str:
    local = start.astimezone(ZoneInfo(zone))
    when = f"{local:%A} {local.day} {local:%B %Y, %H:%M} ({zone})"
    return f"Week {key[1]} of Group {key[0]}: {when}"


def write_term(groups: int, *, weeks: int = WEEKS, seed: int = 1) -> Term:
    """A term in which much happens, the same for the same seed."""
    random = Random(seed)
    zones = [ZONES[group % len(ZONES)] for group in range(groups)]
    starts = {
        (group, week + 1): _start(group, week, zones[group])
        for group in range(groups)
        for week in range(weeks)
    }
    term = Term(zones, list(_people(groups, random)), starts)
    keys = sorted(starts)
    random.shuffle(keys)
    _move_some(term, keys[: len(keys) // 8], random)
    free = [key for key in keys if key not in term.moves]
    _decline_some(term, keys[: len(keys) // 4], random)
    _visit_some(term, free, random)
    for week in range(0, weeks, 2):
        begins = datetime.combine(FIRST_DAY, time(), UTC) + week * 7 * DAY + random.random() * DAY
        term.downtimes.append((begins, begins + random.choice([2, 9, 30]) * HOUR))
    return term


def _start(group: int, week: int, zone: str) -> datetime:
    """Wall time all term long.  Some groups meet at the same moment."""
    day = FIRST_DAY + timedelta(days=group % 6, weeks=week)
    wall = time(9 + 5 * (group % 2), 30)
    return datetime.combine(day, wall, ZoneInfo(zone)).astimezone(UTC)


def _people(groups: int, random: Random) -> Iterator[Person]:
    for group in range(groups):
        for number in range(2):
            yield Person(f"Person {group}-{number}", group, random.choice(ZONES), BEGIN)
        if group % 4 == 1:
            late = BEGIN + random.uniform(20, 90) * DAY
            yield Person(f"Late {group}", group, random.choice(ZONES), late)
        elif group % 4 == 2:
            early = BEGIN + random.uniform(30, 150) * DAY
            yield Person(f"Leaver {group}", group, random.choice(ZONES), BEGIN, early)


def _move_some(term: Term, keys: list[Key], random: Random) -> None:
    for key in keys:
        start = term.starts[key]
        at = start - random.uniform(0.2, 60) * HOUR
        to = None if random.random() < 0.4 else start + random.uniform(1, 40) * HOUR
        term.moves[key] = (at, to)


def _decline_some(term: Term, keys: list[Key], random: Random) -> None:
    for key in keys:
        person = random.choice([p for p in term.people if p.group == key[0] and not p.leaves])
        at = term.starts[key] - random.uniform(0.3, 50) * HOUR
        if at > person.joins:
            term.declines[key, person.name] = at


def _visit_some(term: Term, free: list[Key], random: Random) -> None:
    """Visits to meetings that no one moves; one a week and person, by whoever has not declined."""
    for host, number in free[: len(free) // 6]:
        guests = [p for p in term.people if p.name.endswith("-1") and p.group != host]
        person = random.choice(guests)
        taken = any(v.person is person and v.number == number for v in term.visits)
        if taken or ((person.group, number), person.name) in term.declines:
            continue
        booked = term.starts[host, number] - random.uniform(2, 70) * HOUR
        visit = Visit(person, number, host, booked)
        if random.random() < 0.3:
            visit.cancelled = booked + HOUR * random.uniform(0.1, 1.5)
        term.visits.append(visit)
