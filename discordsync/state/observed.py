"""The observed state of the guild, as plain frozen values returned by `observe`.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

TEXT, VOICE, CATEGORY = 0, 2, 4
SCHEDULED, ACTIVE = 1, 2
ROLE, MEMBER = 0, 1  # the types of an overwrite's target
# Of a guild; categories are channels, and only scheduled and active events count.
LIMITS = {"channels": 500, "categories": 50, "roles": 250, "events": 100}

_DISCORD_EPOCH_MS = 1_420_070_400_000


def moment_of(snowflake: int) -> datetime:
    """Return when Discord created an id."""
    return datetime.fromtimestamp(((snowflake >> 22) + _DISCORD_EPOCH_MS) / 1000, UTC)


def id_at(moment: datetime) -> int:
    """Return the smallest id that Discord can have created at that moment."""
    return (int(moment.timestamp() * 1000) - _DISCORD_EPOCH_MS) << 22


@dataclass(frozen=True, slots=True)
class Overwrite:
    target: int
    type: int
    allow: int
    deny: int


@dataclass(frozen=True, slots=True)
class ObservedRole:
    id: int
    name: str
    permissions: int
    position: int

    @property
    def rank(self) -> tuple[int, int]:
        """Return a sort key: of two roles at one position, Discord ranks the older one higher."""
        return (self.position, -self.id)


@dataclass(frozen=True, slots=True)
class ObservedChannel:
    id: int
    type: int
    name: str
    parent_id: int | None
    topic: str
    overwrites: Mapping[int, Overwrite]
    last_message_id: int = 0  # 0: none


@dataclass(frozen=True, slots=True)
class ScheduledEvent:
    id: int
    name: str
    description: str
    channel_id: int | None
    starts_at: datetime
    ends_at: datetime | None
    status: int


@dataclass(frozen=True, slots=True)
class ObservedGuild:
    """The observed state of the guild.

    `gone`: recorded ids that Discord says do not exist.  `fetched`: ids that this observation
    fetched one by one.  `unconfirmed`: ids that are not listed and were not fetched yet.
    `created`: ids from our own calls in this run, by key, newer than any record.  `given_names`:
    likewise the names that we gave, as (sent, returned).  `incomplete`: roles of which Discord
    counts more holders than its member list contains, or did not say how many.  `events_unread`:
    the list of events could not be read.
    """

    guild_id: int
    bot_id: int
    roles: Mapping[int, ObservedRole] = field(default_factory=dict)
    channels: Mapping[int, ObservedChannel] = field(default_factory=dict)
    events: Mapping[int, ScheduledEvent] = field(default_factory=dict)
    members: Mapping[int, frozenset[int]] = field(default_factory=dict)  # their role ids
    names: Mapping[int, str] = field(default_factory=dict)  # of members, on Discord
    pending: frozenset[int] = frozenset()  # members who have not accepted the server's rules yet
    # Names in Lens, by account, of people who are not in the snapshot but have access.
    known_people: Mapping[int, str] = field(default_factory=dict)
    gone: frozenset[int] = frozenset()
    fetched: frozenset[int] = frozenset()
    unconfirmed: frozenset[int] = frozenset()
    created: Mapping[str, int] = field(default_factory=dict)
    given_names: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    incomplete: frozenset[int] = frozenset()
    events_unread: bool = False
    # Our messages, by their id in the outbox: those that were sent, and those that may have been.
    sent: frozenset[int] = frozenset()
    unsearched: frozenset[int] = frozenset()
    # Results of our own direct-message calls: channels by person, people who accept no messages,
    # people whose channel Discord refused to open, and whether all direct messages are disabled.
    dm_channels: Mapping[int, int] = field(default_factory=dict)
    dm_closed: frozenset[int] = frozenset()
    dm_refused: frozenset[int] = frozenset()
    dms_disabled: bool = False

    @property
    def bot_permissions(self) -> int:
        """Return the bot's permissions in the guild, by its roles."""
        bits = 0
        for role_id in (self.guild_id, *self.members.get(self.bot_id, ())):
            bits |= self.roles[role_id].permissions if role_id in self.roles else 0
        return bits

    @property
    def bot_rank(self) -> tuple[int, int]:
        """Return the rank of the bot's highest role; it manages only roles below it."""
        mine = self.members.get(self.bot_id, frozenset())
        return max((self.roles[pk].rank for pk in mine if pk in self.roles), default=(0, 0))

    def holders(self, role_id: int) -> frozenset[int]:
        return frozenset(pk for pk, roles in self.members.items() if role_id in roles)

    def count_listed(self, kind: str) -> int:
        """Return how many objects of a lane that the bot sees count to the guild's limit."""
        match kind:
            case "roles":
                return len(self.roles)
            case "channels":
                return len(self.channels)
            case _:
                return sum(one.status in {SCHEDULED, ACTIVE} for one in self.events.values())

    def name_of(self, outside_id: int) -> str:
        """Return the name of a role, channel or event, or ""."""
        found = (
            self.roles.get(outside_id)
            or self.channels.get(outside_id)
            or self.events.get(outside_id)
        )
        return found.name if found else ""

    # -- after our own calls -----------------------------------------------------------------

    def with_role(self, role: ObservedRole) -> ObservedGuild:
        return replace(self, roles={**self.roles, role.id: role})

    def with_new_role(self, role: ObservedRole) -> ObservedGuild:
        """Add a role.  Discord puts it lowest and raises every other one, the bot's own too."""
        lifted = {
            pk: replace(other, position=other.position + 1)
            if other.position >= role.position and pk != self.guild_id
            else other
            for pk, other in self.roles.items()
        }
        return replace(self, roles={**lifted, role.id: role})

    def with_channel(self, channel: ObservedChannel) -> ObservedGuild:
        return replace(self, channels={**self.channels, channel.id: channel})

    def without(self, kind: str, outside_id: int) -> ObservedGuild:
        """Remove one of the "roles", "channels" or "events"."""
        held = getattr(self, kind)
        left: dict[str, Any] = {kind: {pk: held[pk] for pk in held if pk != outside_id}}
        return replace(self, **left, gone=self.gone | {outside_id})

    def with_overwrites(
        self, channel_id: int, overwrites: Mapping[int, Overwrite]
    ) -> ObservedGuild:
        return self.with_channel(replace(self.channels[channel_id], overwrites=overwrites))

    def with_event(self, event: ScheduledEvent) -> ObservedGuild:
        return replace(self, events={**self.events, event.id: event})

    def with_member(self, member_id: int, roles: frozenset[int]) -> ObservedGuild:
        return replace(self, members={**self.members, member_id: roles})

    def with_sent(self, message_id: int) -> ObservedGuild:
        return replace(self, sent=self.sent | {message_id})

    def with_dm_channel(self, person: int, channel_id: int) -> ObservedGuild:
        return replace(self, dm_channels={**self.dm_channels, person: channel_id})

    def with_dm_closed(self, person: int) -> ObservedGuild:
        return replace(self, dm_closed=self.dm_closed | {person})

    def with_given_name(self, key: str, sent: str, answered: str) -> ObservedGuild:
        return replace(self, given_names={**self.given_names, key: (sent, answered)})

    def with_created(self, key: str, outside_id: int) -> ObservedGuild:
        return replace(self, created={**self.created, key: outside_id})


Sent = dict[int, int | None]  # message in the outbox -> its Discord id, None if not sent


@dataclass(frozen=True, slots=True)
class Discovered:
    """What an observation found out about our records, to be stored.

    `ids`: of objects whose records had none.  `orphans`: objects with our mark and no record.
    Both by key.  `sent`: messages whose sending was interrupted.  `adopt`: staff have said that the
    orphans are ours.  `unknown`: keys in our marks that the snapshot lacks; `accounts`: those with
    access that it lacks (see `records.look_up`).
    """

    ids: Mapping[str, int]
    orphans: Mapping[str, int]
    sent: Sent
    adopt: bool
    unknown: frozenset[str] = frozenset()
    accounts: frozenset[int] = frozenset()


# -- reading Discord's JSON ------------------------------------------------------------------


def read_role(data: Mapping[str, Any]) -> ObservedRole:
    return ObservedRole(int(data["id"]), data["name"], int(data["permissions"]), data["position"])


def read_channel(data: Mapping[str, Any]) -> ObservedChannel:
    overwrites = [
        Overwrite(int(o["id"]), int(o["type"]), int(o["allow"]), int(o["deny"]))
        for o in data.get("permission_overwrites", ())
    ]
    return ObservedChannel(
        id=int(data["id"]),
        type=data["type"],
        name=data.get("name") or "",
        parent_id=int(data["parent_id"]) if data.get("parent_id") else None,
        topic=data.get("topic") or "",
        overwrites={o.target: o for o in overwrites},
        last_message_id=int(data.get("last_message_id") or 0),
    )


def read_event(data: Mapping[str, Any]) -> ScheduledEvent:
    ends = data.get("scheduled_end_time")
    return ScheduledEvent(
        id=int(data["id"]),
        name=data["name"],
        description=data.get("description") or "",
        channel_id=int(data["channel_id"]) if data.get("channel_id") else None,
        starts_at=datetime.fromisoformat(data["scheduled_start_time"]),
        ends_at=datetime.fromisoformat(ends) if ends else None,
        status=data["status"],
    )


def read_member(data: Mapping[str, Any]) -> tuple[int, frozenset[int]]:
    return int(data["user"]["id"]), frozenset(int(role) for role in data["roles"])


def read_member_name(data: Mapping[str, Any]) -> tuple[int, str]:
    """Return a member's id and the name shown in the guild."""
    user = data["user"]
    return int(user["id"]), data.get("nick") or user.get("global_name") or user["username"]
