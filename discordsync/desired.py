"""What should stand in the guild at a moment.  Pure: no Django, no network, no clock.

For each cohort a category and a channel of its own; for each group a role, a text and a voice
channel; in them the people that the facts name:

    a member                                        from the first day to the membership's end
    a guest                                         from the window's beginning to its end
    somebody with an exception written down         until its end
    anybody else who holds the role                 not: see plan.py for who is taken out how
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from discordsync import keys
from discordsync.facts import (
    CohortFacts,
    DirectFacts,
    GroupFacts,
    Hidden,
    MeetingFacts,
    MessageFacts,
    Person,
    Record,
    Snapshot,
)

NAME_LENGTH = 100
LAST_ASCII = 127


@dataclass(frozen=True, slots=True)
class WantedEvent:
    key: str
    group_id: int
    name: str
    description: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class WantedGroup:
    """One group outside.  `people` are all that should hold the role, by Discord id."""

    id: int
    cohort_id: int
    name: str
    position: int
    live: bool
    active: bool
    has_slot: bool
    has_members: bool
    has_meetings: bool
    category: str  # key
    role_name: str
    text_name: str
    voice_name: str
    people: Mapping[int, Person] = field(default_factory=dict)
    facilitators: frozenset[int] = frozenset()
    unreachable: tuple[Person, ...] = ()  # no Discord id known
    former: Mapping[int, str] = field(default_factory=dict)  # Discord id -> why access has ended
    messages: tuple[MessageFacts, ...] = ()
    directs: tuple[DirectFacts, ...] = ()  # also of a group that has ended: visits end with it
    next_at: datetime | None = None

    @property
    def infrastructure(self) -> tuple[str, ...]:
        """The keys of everything that it needs, what it shares with its cohort included."""
        own = keys.role(self.id), keys.text_channel(self.id), keys.voice_channel(self.id)
        return (self.category, keys.cohort_channel(self.cohort_id), *own)

    def why_ended(self, person: int) -> str:
        """The dated fact that ended somebody's access, or ""."""
        return self.former.get(person) or ("" if self.live else "the group has ended")


@dataclass(frozen=True, slots=True)
class WantedCohort:
    id: int
    name: str
    channel_name: str

    def category_name(self, ordinal: int) -> str:
        """A second category, for more than 24 groups, carries its number."""
        return self.name if ordinal == 1 else f"{self.name[:95].strip()} ({ordinal})"


@dataclass(frozen=True, slots=True)
class Desired:
    """Everything that should stand outside at `now`.

    `events` are of all meetings ahead, the earliest first: the plan makes those that start until
    `horizon`, as many as the guild has room for.  `over` maps the keys of events that are no longer
    wanted though their start is ahead to their groups."""

    installation: str
    now: datetime
    horizon: datetime
    cohorts: Mapping[int, WantedCohort] = field(default_factory=dict)
    groups: Mapping[int, WantedGroup] = field(default_factory=dict)
    events: tuple[WantedEvent, ...] = ()
    over: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    known_people: Mapping[int, str] = field(default_factory=dict)  # everybody's, by Discord id
    room_for_lines: int = 0
    hidden: Hidden = field(default_factory=Hidden)


def want(snapshot: Snapshot, now: datetime) -> Desired:
    groups = snapshot.groups.values()
    return Desired(
        installation=snapshot.installation,
        now=now,
        horizon=now + snapshot.horizon,
        cohorts={cohort.id: want_cohort(cohort) for cohort in snapshot.cohorts.values()},
        groups={group.id: want_group(group, snapshot, now) for group in groups},
        events=tuple(sorted(_events(groups, snapshot), key=lambda e: (e.starts_at, e.key))),
        over=_events_over(groups),
        records=snapshot.records,
        known_people=snapshot.everybody,
        room_for_lines=snapshot.room_for_lines,
        hidden=snapshot.hidden,
    )


def want_cohort(cohort: CohortFacts) -> WantedCohort:
    return WantedCohort(
        cohort.id,
        clean_name(f"{cohort.course} - {cohort.name}"),
        name_text_channel(cohort.name, f"cohort {cohort.id}"),
    )


def clean_name(name: str) -> str:
    """As Discord keeps it: no blanks around, at most 100 characters.  What it would answer with
    another name than was sent would look as if somebody had edited it."""
    return " ".join(name.split())[:NAME_LENGTH].strip()


def name_text_channel(name: str, otherwise: str) -> str:
    """As Discord would rewrite it anyway: small letters, dashes for spaces.

    `otherwise` stands in for a name of punctuation alone, of which Discord leaves nothing.
    """
    says_something = any(c.isalnum() or ord(c) > LAST_ASCII for c in name)
    words = (name if says_something else otherwise).lower().split()
    return "-".join(words)[:NAME_LENGTH]


def want_group(group: GroupFacts, snapshot: Snapshot, now: datetime) -> WantedGroup:
    open_windows = [window for window in group.windows if window.is_open(now)] if group.live else []
    members = group.members if group.live else ()
    people = [m.person for m in members] + [w.person for w in open_windows]
    cohort = snapshot.cohorts[group.cohort_id]
    return WantedGroup(
        id=group.id,
        cohort_id=group.cohort_id,
        name=group.name,
        position=group.position,
        live=group.live,
        active=group.active,
        has_slot=group.has_slot,
        has_members=bool(group.members),
        has_meetings=group.has_meetings,
        category=keys.category_of(group.cohort_id, group.position),
        role_name=clean_name(f"{group.name} ({cohort.name})"),
        text_name=name_text_channel(group.name, f"group {group.id}"),
        voice_name=clean_name(f"{group.name} voice"),
        people={p.discord_id: p for p in people if p.discord_id},
        facilitators=frozenset(
            m.person.discord_id for m in members if m.facilitator and m.person.discord_id
        ),
        unreachable=tuple(p for p in people if not p.discord_id),
        former=dict(_former(group, now)),
        messages=group.messages if group.live else (),
        directs=group.directs,
        next_at=_next_edge(group, snapshot, now),
    )


def name_all(desired: Desired) -> dict[str, str]:
    """The name that each object which carries one should have, by key."""
    names = {keys.cohort_channel(pk): c.channel_name for pk, c in desired.cohorts.items()}
    for group in desired.groups.values():
        cohort = desired.cohorts[group.cohort_id]
        names[group.category] = cohort.category_name(keys.ordinal_of(group.category))
        names[keys.role(group.id)] = group.role_name
        names[keys.text_channel(group.id)] = group.text_name
        names[keys.voice_channel(group.id)] = group.voice_name
    return names | {event.key: event.name for event in desired.events}


def _former(group: GroupFacts, now: datetime) -> list[tuple[int, str]]:
    """Whose access ended by a dated fact: such an end waits for nobody."""
    ended = [(former.person.discord_id, former.why) for former in group.former]
    ended += [
        (window.person.discord_id, f"{window.why} has ended")
        for window in group.windows
        if now >= window.ends_at
    ]
    return [(discord_id, why) for discord_id, why in ended if discord_id]


def _events(groups: Iterable[GroupFacts], snapshot: Snapshot) -> list[WantedEvent]:
    """Every meeting ahead.  One whose start has passed is history."""
    return [
        _event(group, meeting, snapshot.installation)
        for group in groups
        if group.live and group.members
        for meeting in group.meetings
        if not meeting.cancelled
    ]


def _event(group: GroupFacts, meeting: MeetingFacts, installation: str) -> WantedEvent:
    key = keys.event(meeting.id)
    return WantedEvent(
        key=key,
        group_id=group.id,
        name=_event_name(group.name, meeting.number),
        description=f"Weekly meeting of {group.name}. {keys.make_mark(installation, key)}",
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
    )


def _event_name(group: str, number: int | None) -> str:
    """A long name is cut so that the week still shows."""
    week = f" - Week {number}" if number else " - Extra session"
    return clean_name(group)[: NAME_LENGTH - len(week)].strip() + week


def _events_over(groups: Iterable[GroupFacts]) -> dict[str, int]:
    return {
        keys.event(meeting.id): group.id
        for group in groups
        for meeting in group.meetings
        if meeting.cancelled or not group.live
    }


def _next_edge(group: GroupFacts, snapshot: Snapshot, now: datetime) -> datetime | None:
    """The next moment at which the facts alone ask for something else."""
    edges = [edge for w in group.windows for edge in (w.begins_at, w.ends_at) if edge]
    edges += [meeting.starts_at - snapshot.horizon for meeting in group.meetings]
    edges += [group.next_try_at] if group.next_try_at else []
    return min((edge for edge in edges if edge > now), default=None)
