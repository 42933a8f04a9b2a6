"""The desired state of the guild at a moment.  Pure: no Django, no network, no clock.

Each cohort has a category and a channel of its own; each group has a role, a text and a voice
channel.  The facts decide who has a group's role:

    a member                                  from the first day until the membership ends
    a guest, a substitute                     from the start of the access window to its end
    someone with a recorded exception         until the exception ends
    a last member of an ended group           until its archive ends, to read only
    anyone else who has the role              no one: see plan.py for how they lose it

Facilitators have an overwrite of their own in the group's channels, substitutes in their window.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from discordsync.state import keys
from discordsync.state.facts import (
    Approval,
    CohortFacts,
    DirectMessageFacts,
    DiscordGroup,
    DiscordPerson,
    DiscordSnapshot,
    Hidden,
    MessageFacts,
    Record,
    SentPost,
    Window,
)
from meetings.rhythm import MeetingFacts

NAME_LENGTH = 100
NUMBERED_LENGTH = 95  # of a name that a number may follow: " (2)"
LAST_ASCII = 127


@dataclass(frozen=True, slots=True)
class DesiredScheduledEvent:
    key: str
    group_id: int
    name: str
    description: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class DesiredGroup:
    """The desired state of one group.  `people`: all who should have its role, by Discord id."""

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
    people: Mapping[int, DiscordPerson] = field(default_factory=dict)
    facilitators: frozenset[int] = frozenset()
    unreachable: tuple[DiscordPerson, ...] = ()  # no Discord id known
    former: Mapping[int, str] = field(default_factory=dict)  # Discord id -> why access has ended
    messages: tuple[MessageFacts, ...] = ()
    direct_messages: tuple[
        DirectMessageFacts, ...
    ] = ()  # also of a group that has ended: visits end with it
    posts_to_delete: tuple[SentPost, ...] = ()
    removable: bool = False  # it has ended, and no one may read its channels any more
    next_at: datetime | None = None
    is_archive: bool = False  # it has ended, and `people` may read its channels

    @property
    def infrastructure(self) -> tuple[str, ...]:
        """Return the keys of everything the group needs, including what its cohort shares."""
        return (self.category, keys.cohort_channel(self.cohort_id), *keys.of_group(self.id))

    def why_ended(self, person: int) -> str:
        """Return the dated reason why a person's access has ended, or ""."""
        return self.former.get(person) or ("" if self.live else "the group has ended")


@dataclass(frozen=True, slots=True)
class DesiredCohort:
    id: int
    name: str
    channel_name: str

    def category_name(self, ordinal: int) -> str:
        """Return a category's name; after 24 groups a second one begins, with its number."""
        return self.name if ordinal == 1 else f"{self.name[:NUMBERED_LENGTH].strip()} ({ordinal})"


@dataclass(frozen=True)
class DesiredGuild:
    """The desired state of the whole guild at `now`.

    `events` covers all future meetings, the earliest first; the plan creates those that start
    before `horizon`, as far as the guild has room.  `over` maps the keys of future events that are
    no longer wanted to their groups."""

    installation: str
    now: datetime
    horizon: datetime
    cohorts: Mapping[int, DesiredCohort] = field(default_factory=dict)
    groups: Mapping[int, DesiredGroup] = field(default_factory=dict)
    events: tuple[DesiredScheduledEvent, ...] = ()
    over: Mapping[str, int] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    approvals: Mapping[str, Approval] = field(default_factory=dict)  # of removals, by key
    known_people: Mapping[int, str] = field(default_factory=dict)  # Discord id -> name
    new_dm_channels: int = 0
    hidden: Hidden = field(default_factory=Hidden)

    # Each is computed once for a desired state: a plan asks for them group by group.

    @cached_property
    def by_cohort(self) -> Mapping[int, list[DesiredGroup]]:
        """Return each cohort's groups by their ids, lowest first."""
        found: dict[int, list[DesiredGroup]] = defaultdict(list)
        for group in sorted(self.groups.values(), key=lambda one: one.id):
            found[group.cohort_id].append(group)
        return found

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Return the desired name of each object that has one, by key."""
        names = {keys.cohort_channel(pk): c.channel_name for pk, c in self.cohorts.items()}
        categories = {key for key in self.records if keys.kind_of(key) == "category"}
        for group in self.groups.values():
            categories.add(group.category)
            names[keys.role(group.id)] = group.role_name
            names[keys.text_channel(group.id)] = group.text_name
            names[keys.voice_channel(group.id)] = group.voice_name
        for key in categories:
            cohort = self.cohorts[keys.number_of(key)]
            names[key] = cohort.category_name(keys.ordinal_of(key))
        return names | {event.key: event.name for event in self.events}

    @cached_property
    def by_role_name(self) -> Mapping[str, frozenset[int]]:
        found: dict[str, set[int]] = defaultdict(set)
        for group in self.groups.values():
            found[group.role_name].add(group.id)
        return {name: frozenset(ids) for name, ids in found.items()}

    @cached_property
    def events_of(self) -> Mapping[int, list[DesiredScheduledEvent]]:
        """Return the events of each group, the earliest first."""
        found: dict[int, list[DesiredScheduledEvent]] = defaultdict(list)
        for event in self.events:
            found[event.group_id].append(event)
        return found

    @cached_property
    def over_of(self) -> Mapping[int, list[str]]:
        found: dict[int, list[str]] = defaultdict(list)
        for key, group_id in sorted(self.over.items()):
            found[group_id].append(key)
        return found


# -- how it follows from the facts ----------------------------------------------------------------


def desired_state(snapshot: DiscordSnapshot, now: datetime) -> DesiredGuild:
    groups = snapshot.groups.values()
    return DesiredGuild(
        installation=snapshot.installation,
        now=now,
        horizon=now + snapshot.horizon,
        cohorts={cohort.id: desired_cohort(cohort) for cohort in snapshot.cohorts.values()},
        groups={group.id: desired_group(group, snapshot, now) for group in groups},
        events=tuple(sorted(_events(groups, snapshot), key=lambda e: (e.starts_at, e.key))),
        over=_events_over(groups),
        records=snapshot.records,
        approvals=snapshot.approvals,
        known_people=snapshot.known_people,
        new_dm_channels=snapshot.new_dm_channels,
        hidden=snapshot.hidden,
    )


def desired_cohort(cohort: CohortFacts) -> DesiredCohort:
    # A long course's name is cut: its cohorts differ by what follows it.
    name = clean_name(cohort.name)
    course = clean_name(cohort.course)[: max(NUMBERED_LENGTH - len(f" - {name}"), 0)].strip()
    return DesiredCohort(
        cohort.id,
        f"{course} - {name}" if course else name,
        name_text_channel(cohort.name, f"cohort {cohort.id}"),
    )


def clean_name(name: str) -> str:
    """Return a name as Discord keeps it: single blanks, at most 100 characters.

    Otherwise Discord would return another name than was sent, which looks like an edit by hand.
    """
    return " ".join(name.split())[:NAME_LENGTH].strip()


def name_text_channel(name: str, otherwise: str) -> str:
    """Return a text channel's name as Discord rewrites it: lower case, dashes for spaces.

    `otherwise` replaces a name that is only punctuation, of which Discord leaves nothing.
    """
    says_something = any(c.isalnum() or ord(c) > LAST_ASCII for c in name)
    words = (name if says_something else otherwise).lower().split()
    return "-".join(words)[:NAME_LENGTH]


def desired_group(group: DiscordGroup, snapshot: DiscordSnapshot, now: datetime) -> DesiredGroup:
    members = group.members if group.live else ()
    open_windows = [window for window in group.windows if window.is_open(now)] if group.live else []
    people = _people(group, open_windows, now)
    leading = [m.person for m in members if m.facilitator]
    leading += [w.person for w in open_windows if w.leads]
    cohort = snapshot.cohorts[group.cohort_id]
    return DesiredGroup(
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
        facilitators=frozenset(p.discord_id for p in leading if p.discord_id),
        unreachable=tuple(p for p in people if not p.discord_id),
        former=dict(_former(group, now)),
        messages=group.messages if group.live or group.is_archive(now) else (),
        direct_messages=group.direct_messages,
        posts_to_delete=group.posts_to_delete,
        removable=not group.live and not group.is_archive(now),
        next_at=_next_change(group, snapshot, now),
        is_archive=group.is_archive(now),
    )


def _people(
    group: DiscordGroup, open_windows: Iterable[Window], now: datetime
) -> list[DiscordPerson]:
    if not group.live:
        return list(group.last_members) if group.is_archive(now) else []
    return [m.person for m in group.members] + [w.person for w in open_windows]


def _former(group: DiscordGroup, now: datetime) -> list[tuple[int, str]]:
    """Return (Discord id, reason) of people whose access ended on a date; no guard holds these."""
    ended = [(former.person.discord_id, former.why) for former in group.former]
    ended += [
        (window.person.discord_id, f"{window.why} has ended")
        for window in group.windows
        if now >= window.ends_at
    ]
    return [(discord_id, why) for discord_id, why in ended if discord_id]


def _events(
    groups: Iterable[DiscordGroup], snapshot: DiscordSnapshot
) -> list[DesiredScheduledEvent]:
    """Return an event for every future meeting of a live group."""
    return [
        _event(group, meeting, snapshot.installation)
        for group in groups
        if group.live and group.members
        for meeting in group.meetings
        if not meeting.cancelled
    ]


def _event(group: DiscordGroup, meeting: MeetingFacts, installation: str) -> DesiredScheduledEvent:
    key = keys.event(meeting.id)
    return DesiredScheduledEvent(
        key=key,
        group_id=group.id,
        name=_event_name(group.name, meeting.number),
        description=f"Weekly meeting of {group.name}. {keys.make_mark(installation, key)}",
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
    )


def _event_name(group: str, number: int | None) -> str:
    """Return an event's name.  A long group name is truncated so that the week stays visible."""
    week = f" - Week {number}" if number else " - Extra session"
    return clean_name(group)[: NAME_LENGTH - len(week)].strip() + week


def _events_over(groups: Iterable[DiscordGroup]) -> dict[str, int]:
    return {
        keys.event(meeting.id): group.id
        for group in groups
        for meeting in group.meetings
        if meeting.cancelled or not group.live
    }


def _next_change(group: DiscordGroup, snapshot: DiscordSnapshot, now: datetime) -> datetime | None:
    """Return the next moment at which the desired state changes although the facts do not."""
    edges = [edge for w in group.windows for edge in (w.begins_at, w.ends_at) if edge]
    edges += [meeting.starts_at - snapshot.horizon for meeting in group.meetings]
    edges += [group.next_try_at] if group.next_try_at else []
    edges += [group.archive.ends_at] if group.archive else []
    return min((edge for edge in edges if edge > now), default=None)
