"""The desired state of the guild, as frozen values that `desired` returns.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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


@dataclass(frozen=True, slots=True)
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
