"""The desired state of the guild, as frozen values that `desired` returns.  Pure."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from discordsync.state import keys
from discordsync.state.facts import (
    Approval,
    DirectMessageFacts,
    DiscordPerson,
    Hidden,
    MessageFacts,
    Record,
    SentPost,
)


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
        own = keys.role(self.id), keys.text_channel(self.id), keys.voice_channel(self.id)
        return (self.category, keys.cohort_channel(self.cohort_id), *own)

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
        return self.name if ordinal == 1 else f"{self.name[:95].strip()} ({ordinal})"


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
