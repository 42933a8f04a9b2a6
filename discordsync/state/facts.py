"""The facts that concern Discord, as plain frozen values returned by `snapshot`.  Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from cohorts.models.archive import ArchiveWindow
from discordsync.state import keys
from meetings.rhythm import MeetingFacts


@dataclass(frozen=True, slots=True)
class DiscordPerson:
    id: int
    name: str
    discord_id: int | None


@dataclass(frozen=True, slots=True)
class Member:
    person: DiscordPerson
    facilitator: bool


@dataclass(frozen=True, slots=True)
class Former:
    """A person whose access ended on a date, and the reason."""

    person: DiscordPerson
    why: str


@dataclass(frozen=True, slots=True)
class Window:
    """Access with a start and an end: a guest visit, a substitution, or a recorded exception.

    `leads`: with a facilitator's rights in the group's channels.
    """

    person: DiscordPerson
    begins_at: datetime | None
    ends_at: datetime
    why: str
    leads: bool = False

    def is_open(self, now: datetime) -> bool:
        return (self.begins_at is None or self.begins_at <= now) and now < self.ends_at


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One pending message for the group's text channel.  `nonce`: at most 25 characters.

    `edits`: the Discord id of an earlier direct message whose place it takes, without its buttons.
    """

    id: int
    kind: str
    text: str
    nonce: str
    people: tuple[int, ...] = ()  # the Discord ids that it may ping
    components: tuple[dict[str, Any], ...] = ()  # the buttons under it
    tried_at: datetime | None = None
    edits: int | None = None


@dataclass(frozen=True, slots=True)
class DirectMessageFacts:
    """One pending direct message.  `channel_id`: None until Discord was asked for it."""

    message: MessageFacts
    person: int  # Discord id
    channel_id: int | None = None


@dataclass(frozen=True, slots=True)
class DiscordGroup:
    id: int
    cohort_id: int
    name: str
    position: int  # among the groups of its cohort, from 0; never changes
    live: bool  # preview or active, in an open cohort
    active: bool
    has_slot: bool
    has_meetings: bool = False  # including past ones
    members: tuple[Member, ...] = ()
    former: tuple[Former, ...] = ()
    windows: tuple[Window, ...] = ()
    meetings: tuple[MeetingFacts, ...] = ()  # future ones, including cancelled ones
    messages: tuple[MessageFacts, ...] = ()
    direct_messages: tuple[DirectMessageFacts, ...] = ()  # about this group, to single people
    posts_to_delete: tuple[SentPost, ...] = ()  # they name someone who is being erased
    next_try_at: datetime | None = None  # when a delayed message may be sent
    archive: ArchiveWindow | None = None  # of a group that has ended
    last_members: tuple[DiscordPerson, ...] = ()  # of a group that has ended

    @property
    def has_messages(self) -> bool:
        return bool(
            self.messages or self.direct_messages or self.posts_to_delete or self.next_try_at
        )

    def is_archive(self, now: datetime) -> bool:
        """Return whether its last members can read its channels."""
        return not self.live and self.archive is not None and self.archive.is_open(now)


@dataclass(frozen=True, slots=True)
class SentPost:
    """A message of ours that is on Discord and is to be deleted there."""

    message_id: int
    group_id: int
    channel_id: int
    outside_id: int


@dataclass(frozen=True, slots=True)
class CohortFacts:
    id: int
    course: str
    name: str


@dataclass(frozen=True, slots=True)
class Record:
    """What is stored about one Discord object of ours.

    `name_sent` is empty for an object that staff imported by id: its name and place are not ours.
    `gone`: Discord has confirmed that it does not exist; `gone_lately`: within the last hour.
    `decisions`: by the part that differs, what staff chose and the value that this is about.
    """

    key: str
    outside_id: int | None
    name_sent: str = ""
    name_returned: str = ""
    intended_at: datetime | None = None
    existed_before: frozenset[int] = frozenset()
    gone: bool = False
    gone_lately: bool = False
    group_id: int | None = None  # None: the whole cohort shares the object
    cohort_id: int = 0
    decisions: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Approval:
    """Staff have approved that this object is removed, as long as its last message is this one."""

    outside_id: int
    is_valid: bool = True  # for a day
    last_message_id: int = 0


@dataclass(frozen=True, slots=True)
class Hidden:
    """Objects that count to the guild's limits although the bot cannot see them.

    `is_known`: the gateway reported the hidden channels; otherwise the guild may be full earlier.
    """

    is_known: bool = False
    counts: Mapping[str, int] = field(default_factory=dict)  # "channels", "roles", "events"
    categories: int = 0
    by_category: Mapping[int, int] = field(
        default_factory=dict
    )  # category's Discord id -> channels


@dataclass(frozen=True, slots=True)
class DiscordSnapshot:
    installation: str
    adopt: bool  # staff confirmed that orphans are ours
    horizon: timedelta
    cohorts: Mapping[int, CohortFacts] = field(default_factory=dict)
    groups: Mapping[int, DiscordGroup] = field(default_factory=dict)
    records: Mapping[str, Record] = field(default_factory=dict)
    released: frozenset[int] = frozenset()  # ids that staff keep; they are no longer ours
    approvals: Mapping[str, Approval] = field(default_factory=dict)  # of removals, by key
    known_people: Mapping[int, str] = field(default_factory=dict)  # Discord id -> name
    new_dm_channels: int = 0  # how many new direct-message channels may be opened
    hidden: Hidden = field(default_factory=Hidden)

    def updated(self, fresh: DiscordSnapshot, ids: Collection[int]) -> DiscordSnapshot:
        """Return this snapshot with `fresh`, a newer one of only the groups with these ids.

        Names of people who no longer have anything to do with a group are kept.
        """
        kept = {pk: group for pk, group in self.groups.items() if pk not in ids}
        groups = sorted({**kept, **fresh.groups}.values(), key=lambda one: (one.cohort_id, one.id))
        cohort_ids = {group.cohort_id for group in groups}
        cohorts = {**self.cohorts, **fresh.cohorts}
        others = cohort_ids - fresh.cohorts.keys()
        records = {
            key: record
            for key, record in self.records.items()
            if (record.group_id in kept if record.group_id else record.cohort_id in others)
        }
        return replace(
            fresh,
            cohorts={pk: cohorts[pk] for pk in sorted(cohort_ids)},
            groups={group.id: group for group in groups},
            records={**records, **fresh.records},
            known_people={**self.known_people, **fresh.known_people},
        )

    @property
    def waiting_groups(self) -> frozenset[int]:
        """Return the groups with messages or posts, which change without their facts."""
        return frozenset(pk for pk, group in self.groups.items() if group.has_messages)

    @property
    def interrupted(self) -> frozenset[int]:
        """Return the messages that may have arrived, by their id in the outbox."""
        groups = self.groups.values()
        direct = (one.message for group in groups for one in group.direct_messages)
        messages = chain(direct, chain.from_iterable(group.messages for group in groups))
        return frozenset(message.id for message in messages if message.tried_at)

    @property
    def meetings_ahead(self) -> frozenset[int]:
        return frozenset(m.id for group in self.groups.values() for m in group.meetings)

    @property
    def awaited(self) -> frozenset[str]:
        """Return the keys of everything that should exist; ended groups and past events do not,
        except what may have been removed by a call of which no answer came."""
        live = [group for group in self.groups.values() if group.live]
        return frozenset(chain.from_iterable(map(_keys_of, live))) | self.approvals.keys()


def _keys_of(group: DiscordGroup) -> Iterator[str]:
    """Yield the keys of a group's objects, its cohort's, and the event of each meeting ahead."""
    cohort_id = group.cohort_id
    yield from keys.of_group(group.id)
    yield from (keys.category(cohort_id, 1), keys.category_of(cohort_id, group.position))
    yield keys.cohort_channel(cohort_id)
    yield from (keys.event(m.id) for m in group.meetings if not m.cancelled)
