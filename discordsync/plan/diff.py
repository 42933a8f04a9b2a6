"""Desired and observed state side by side, with the questions that the plan asks.  Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

from cohorts.reconcile.values import Policy
from discordsync.desired import DesiredGroup, DesiredGuild
from discordsync.state import keys, permissions
from discordsync.state.observed import (
    MEMBER,
    ROLE,
    ObservedChannel,
    ObservedGuild,
    ObservedRole,
    Overwrite,
    ScheduledEvent,
)


class ObjectStatus(Enum):
    """The status of a recorded object in Discord.

    no id yet                            -> NOT_CREATED
    its id is listed                     -> EXISTS
    Discord says its id is unknown       -> GONE
    it was not fetched by id yet         -> UNCONFIRMED
    otherwise                            -> HIDDEN: not being listed proves nothing
    """

    NOT_CREATED = "not created"
    EXISTS = "exists"
    GONE = "gone"
    UNCONFIRMED = "unconfirmed"
    HIDDEN = "hidden"

    @property
    def issue(self) -> str:
        """Return the issue code for infrastructure with this status, or ""."""
        codes = {"gone": "missing", "unconfirmed": "unconfirmed", "hidden": "no_access"}
        return codes.get(self.value, "")


@dataclass(frozen=True)
class Diff:
    """`creatable`: of an earlier diff of the same desired state and policy, for a few groups."""

    desired: DesiredGuild
    observed: ObservedGuild
    policy: Policy
    creatable: Mapping[int, Sequence[DesiredGroup]] | None = None

    def id_of(self, key: str) -> int | None:
        """Return the Discord id, from our own call in this run or else from the record."""
        made = self.observed.created.get(key)
        record = self.desired.records.get(key)
        return made or (record.outside_id if record else None)

    def names_of(self, key: str) -> tuple[str, str]:
        """Return the names that we sent and Discord returned; both empty if it is not our name."""
        record = self.desired.records.get(key)
        known = (record.name_sent, record.name_returned) if record else ("", "")
        return self.observed.given_names.get(key, known)

    def decision(self, key: str, part: str, value: str) -> str:
        """Return what staff chose about this value of a part of an object, or ""."""
        record = self.desired.records.get(key)
        choice, decided = record.decisions.get(part, ("", "")) if record else ("", "")
        return choice if decided == value else ""

    def status(self, key: str) -> ObjectStatus:
        outside_id = self.id_of(key)
        if outside_id is None:
            return ObjectStatus.NOT_CREATED
        if outside_id in self._listed(key):
            return ObjectStatus.EXISTS
        if outside_id in self.observed.gone:
            return ObjectStatus.GONE
        return (
            ObjectStatus.UNCONFIRMED
            if outside_id in self.observed.unconfirmed
            else ObjectStatus.HIDDEN
        )

    def exists(self, key: str) -> bool:
        return self.status(key) is ObjectStatus.EXISTS

    def _listed(self, key: str) -> Iterable[int]:
        match keys.kind_of(key):
            case "role":
                return self.observed.roles
            case "event":
                return self.observed.events
            case _:
                return self.observed.channels

    def channel(self, key: str) -> ObservedChannel | None:
        return self.observed.channels.get(self.id_of(key) or 0)

    def role(self, key: str) -> ObservedRole | None:
        return self.observed.roles.get(self.id_of(key) or 0)

    # -- which groups ------------------------------------------------------------------------

    @cached_property
    def due_groups(self) -> list[DesiredGroup]:
        found = [self.desired.groups.get(pk) for pk in sorted(self.policy.groups)]
        return [group for group in found if group is not None]

    def groups_to_create(self, cohort_id: int) -> Sequence[DesiredGroup]:
        """Return the due groups of a cohort for which objects may be created, by position."""
        return self.all_to_create.get(cohort_id, ())

    @cached_property
    def all_to_create(self) -> Mapping[int, Sequence[DesiredGroup]]:
        if self.creatable is not None:
            return self.creatable
        found: dict[int, list[DesiredGroup]] = defaultdict(list)
        for group in sorted(self.due_groups, key=lambda one: one.position):
            if self.is_creatable(group):
                found[group.cohort_id].append(group)
        return found

    def first_live(self, cohort_id: int) -> DesiredGroup | None:
        """Return the group that answers for what its cohort shares."""
        return next((group for group in self._groups_of(cohort_id) if group.live), None)

    def live_groups(self, cohort_id: int) -> list[DesiredGroup]:
        return [group for group in self._groups_of(cohort_id) if group.live]

    def may_create(self, group_id: int) -> bool:
        return group_id in self.policy.may_create

    def is_creatable(self, group: DesiredGroup) -> bool:
        return group.live and group.has_members and self.may_create(group.id)

    def will_exist(self, key: str, group: DesiredGroup) -> bool:
        """Return whether an object that the group needs exists or is about to be created."""
        match self.status(key):
            case ObjectStatus.EXISTS:
                return True
            case ObjectStatus.NOT_CREATED:
                return self.is_creatable(group) and self.has_parents(key, group)
            case _:
                return False

    def has_parents(self, key: str, group: DesiredGroup) -> bool:
        """Return whether all parents of an object exist or are about to be created."""
        return all(self.will_exist(parent, group) for parent in parents_of(key, group))

    @cached_property
    def marked_events(self) -> Mapping[str, list[ScheduledEvent]]:
        """Return the observed events that carry a mark of this installation, by its key."""
        found: dict[str, list[ScheduledEvent]] = defaultdict(list)
        for seen in self.observed.events.values():
            installation, key = keys.read_mark(seen.description) or ("", "")
            if installation == self.desired.installation:
                found[key].append(seen)
        return found

    # -- roles -------------------------------------------------------------------------------

    def can_manage(self, role: ObservedRole) -> bool:
        """Return whether the bot can edit and grant a role.  This limits administrators too."""
        return role.rank < self.observed.bot_rank

    def holders(self, role_id: int) -> frozenset[int]:
        """Return the people who hold a role, without the bot."""
        if self.creatable is not None:  # for a few groups, an index is not worth it
            return self.observed.holders(role_id) - {self.observed.bot_id}
        return self._holders.get(role_id, frozenset())

    def holds_role(self, person: int, group_id: int) -> bool:
        return self.id_of(keys.role(group_id)) in self.observed.members.get(person, ())

    @cached_property
    def _holders(self) -> Mapping[int, frozenset[int]]:
        found: dict[int, set[int]] = defaultdict(set)
        for person, roles in self.observed.members.items():
            for role_id in roles if person != self.observed.bot_id else ():
                found[role_id].add(person)
        return {role_id: frozenset(people) for role_id, people in found.items()}

    # -- who sees what -----------------------------------------------------------------------

    def hidden_from_everyone(self, bot_bits: int) -> list[Overwrite]:
        """Return the two overwrites that all our objects start with; the bot's own comes first."""
        return [
            Overwrite(self.observed.bot_id, MEMBER, bot_bits, 0),
            Overwrite(self.observed.guild_id, ROLE, 0, permissions.VIEW_CHANNEL),
        ]

    def hidden_overwrites(self, kind: str) -> list[Overwrite]:
        """Return the first overwrites of a group's channel, the only ones of an ended group's."""
        text = kind == "text_channel"
        return self.hidden_from_everyone(permissions.BOT_TEXT if text else permissions.BOT_VOICE)

    def group_overwrites(self, group: DesiredGroup, kind: str) -> list[Overwrite]:
        """Return a group channel's desired overwrites.  Absent facilitators get none."""
        overwrites = self.hidden_overwrites(kind)
        if role := self.role(keys.role(group.id)):
            text = kind == "text_channel"
            bits = permissions.MEMBER_TEXT if text else permissions.MEMBER_VOICE
            overwrites.append(Overwrite(role.id, ROLE, bits, 0))
        present = sorted(group.facilitators & self.observed.members.keys())
        return overwrites + [self.facilitator_overwrite(person, kind) for person in present]

    def facilitator_overwrite(self, person: int, kind: str) -> Overwrite:
        text = kind == "text_channel"
        bits = permissions.FACILITATOR_TEXT if text else permissions.FACILITATOR_VOICE
        settable = permissions.settable(bits, self.observed.bot_permissions)
        return Overwrite(person, MEMBER, settable, 0)

    def owned_overwrites(self, group: DesiredGroup, key: str) -> list[Overwrite]:
        """Return the overwrites of a group's channel that we manage."""
        kind = keys.kind_of(key)
        if group.live:
            return self.group_overwrites(group, kind)
        return [*self.hidden_overwrites(kind), *self.reader_overwrites(group, key)]

    def reader_overwrites(self, group: DesiredGroup, key: str) -> list[Overwrite]:
        """Return the overwrite by which an ended group's role can read a channel, if it has any.

        It stays after the archive, when no one has the role any more: until the last person has
        lost it, the role must not open the channel for writing.
        """
        role, channel = self.role(keys.role(group.id)), self.channel(key)
        if role is None or channel is None:
            return []
        if not group.is_archive and role.id not in channel.overwrites:
            return []
        held = self.observed.bot_permissions
        denied = permissions.settable(permissions.READER_DENIED, held)
        return [Overwrite(role.id, ROLE, permissions.READER, denied)]

    def is_read_only(self, group: DesiredGroup) -> bool:
        """Return whether an ended group's role can only read in all its channels."""
        channels = *keys.channels_of(group.id), keys.cohort_channel(group.cohort_id)
        return all(
            permissions.is_met(channel.overwrites.get(wanted.target), wanted)
            for key in channels
            if (channel := self.channel(key)) is not None
            for wanted in self.reader_overwrites(group, key)
        )

    def guarded_channels(self, group: DesiredGroup) -> tuple[str, ...]:
        """Return the keys of the channels whose overwrites the group answers for: its own, and for
        the first group of a cohort, live or ended, also the cohort channel."""
        own = keys.channels_of(group.id)
        first = self._groups_of(group.cohort_id)[0]
        return (*own, keys.cohort_channel(group.cohort_id)) if group.id == first.id else own

    def entitled(self, group: DesiredGroup, key: str) -> frozenset[int]:
        """Return the people who have access to a channel by a role."""
        if keys.kind_of(key) != "cohort_channel":
            return frozenset(group.people)
        return frozenset().union(*(g.people for g in self._groups_of(group.cohort_id)))

    def _groups_of(self, cohort_id: int) -> list[DesiredGroup]:
        return self.desired.by_cohort.get(cohort_id, [])

    def stray_overwrites(self, group: DesiredGroup, key: str) -> list[Overwrite]:
        """Return overwrites that let people into a channel for no known reason.

        The channel is one of `guarded_channels`.  These are overwrites of known people, and any
        that contain what only we give: a person's former account, say.  Not included: a
        facilitator's, even while the member list lacks the person; a denial, which lets no one in;
        the overwrite of an unknown account (a moderator, say).
        """
        channel, kind = self.channel(key), keys.kind_of(key)
        leads = group.live and kind != "cohort_channel"
        leading = group.facilitators if leads else frozenset()
        return [
            held
            for held in (channel.overwrites.values() if channel else ())
            if held.type == MEMBER
            and held.allow
            and held.target not in leading | {self.observed.bot_id}
            and (self.known_name(held.target) is not None or _is_facilitator_overwrite(held, kind))
        ]

    def people_with_access(self, group: DesiredGroup) -> frozenset[int]:
        """Return everyone with access that the group answers for, by its role or an overwrite."""
        by_role = self.holders(self.id_of(keys.role(group.id)) or 0)
        let_in = (
            {stray.target for stray in self.stray_overwrites(group, key)}
            - self.entitled(group, key)
            for key in self.guarded_channels(group)
        )
        return by_role.union(*let_in)

    def known_name(self, discord_id: int) -> str | None:
        """Return the name of a person in Lens by their account, or None."""
        known = self.desired.known_people, self.observed.known_people
        return next((names[discord_id] for names in known if discord_id in names), None)

    def person_name(self, discord_id: int) -> str:
        seen = self.observed.names.get(discord_id)
        return self.known_name(discord_id) or (
            f"“{seen}” on Discord" if seen else f"Discord user {discord_id}"
        )

    def target_name(self, target: int) -> str:
        """Return a readable name for the target of an overwrite."""
        if target == self.observed.guild_id:
            return "@everyone"
        if target == self.observed.bot_id:
            return "the bot"
        if target in self.observed.roles:
            return f"the role “{self.observed.roles[target].name}”"
        return self.person_name(target)


def parents_of(key: str, group: DesiredGroup) -> tuple[str, ...]:
    """Return the keys of the objects that must exist before this one."""
    match keys.kind_of(key):
        case "cohort_channel":
            return (keys.category(group.cohort_id, 1),)
        case "text_channel" | "voice_channel":
            return (group.category, keys.role(group.id))
        case _:
            return ()


def _is_facilitator_overwrite(held: Overwrite, kind: str) -> bool:
    """Return whether an overwrite is one that only we give, with or without optional bits and those
    that staff added."""
    text = kind == "text_channel"
    bits = permissions.FACILITATOR_TEXT if text else permissions.FACILITATOR_VOICE
    needed = bits & ~permissions.ALL_OPTIONAL
    ours = needed | permissions.OURS_ALONE
    return held.allow & ours == needed and not held.deny & ours
