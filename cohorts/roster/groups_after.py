"""The groups that a roster concerns, as they will be after the import.  Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from cohorts.models import Cohort, Group, Membership
from cohorts.roster.agreement import by_key
from cohorts.roster.changes import Joining, RoleChange
from cohorts.roster.facts import RosterFacts, slot_of
from cohorts.roster.file.rows import GroupKey
from cohorts.roster.file.slots import name_time
from cohorts.roster.plan_courses import NamedGroup
from cohorts.words import count, join_names

FACILITATOR = Membership.Role.FACILITATOR.value
MAX_NAMED = 30  # groups in one warning
SMALLEST_GROUP: int | None = Cohort._meta.get_field("smallest_group").get_default()

Memberships = Collection[Joining | RoleChange]


@dataclass(frozen=True, slots=True)
class GroupAfter:
    """A group after the import.

    `gone` lists who leaves it, each with the group that they join.
    """

    name: str
    cohort: str
    weekly_time: str
    facilitators: tuple[str, ...]
    participants: int
    changes: tuple[Joining | RoleChange, ...] = ()
    gone: tuple[tuple[str, str], ...] = ()
    smallest: int | None = None
    is_open: bool = True

    @property
    def has_changes(self) -> bool:
        return bool(self.changes or self.gone)

    @property
    def people(self) -> str:
        """Return "Facilitator: Fay. 7 participants." """
        leads = join_names(self.facilitators) or "none"
        title = "Facilitators" if len(self.facilitators) > 1 else "Facilitator"
        return f"{title}: {leads}. {count(self.participants, 'participant')}."

    def parts(self, today: date) -> list[tuple[str, str]]:
        """Return who joins, moves, leaves or has another role, without empty parts."""
        joins = [each for each in self.changes if isinstance(each, Joining)]
        roles = [each for each in self.changes if isinstance(each, RoleChange)]
        day = f"{today:%-d %B %Y}"
        parts = {
            "Join": [_name(each) for each in joins if not each.leaving],
            f"Move here on {day}": [
                f"{_name(each)} from {each.leaving.group}" for each in joins if each.leaving
            ],
            "Other role": [f"{each.name} becomes {each.role}" for each in roles],
            f"Leave on {day}": [f"{name} to {group}" for name, group in self.gone],
        }
        return [(title, ", ".join(names)) for title, names in parts.items() if names]


def _name(joining: Joining) -> str:
    return f"{joining.name} (facilitator)" if joining.role == FACILITATOR else joining.name


@dataclass(slots=True)
class _Group:
    """What is known of one group while its people are counted; roles are by person."""

    people: dict[int | str, tuple[str, str]] = field(default_factory=dict)
    changes: list[Joining | RoleChange] = field(default_factory=list)
    gone: list[tuple[str, str]] = field(default_factory=list)


def list_groups(
    memberships: Memberships,
    named: Mapping[GroupKey, NamedGroup],
    facts: RosterFacts,
    names: Mapping[int, str],
) -> list[GroupAfter]:
    """Return the groups that the file names, in its order, and then those that people leave.

    `names` are new names of people, by id.
    """
    groups = _count_people(memberships, facts, names)
    listed = [
        _describe(group, groups.get(group.fact.pk if group.fact else group.key, _Group()))
        for group in named.values()
    ]
    known = {group.fact.pk for group in named.values() if group.fact}
    others = [
        fact
        for fact in facts.groups
        if fact.pk not in known and fact.pk in groups and groups[fact.pk].gone
    ]
    return listed + [_describe(_as_named(fact, facts), groups[fact.pk]) for fact in others]


def _as_named(fact: Group, facts: RosterFacts) -> NamedGroup:
    cohort = next(each for each in facts.cohorts if each.pk == fact.cohort_id)
    key = ("", "", "")
    return NamedGroup(key, fact.name, slot_of(fact), fact.timezone, cohort.name, fact, cohort)


def _count_people(
    memberships: Memberships, facts: RosterFacts, names: Mapping[int, str]
) -> dict[int | GroupKey, _Group]:
    groups: dict[int | GroupKey, _Group] = {}
    members = {member.pk: member for member in facts.members}
    for member in facts.members:
        name = names.get(member.user_id) or member.user.name
        groups.setdefault(member.group_id, _Group()).people[member.user_id] = (name, member.role)
    for change in memberships:
        if change.leaving:
            left = members[change.leaving.membership_id]
            groups[left.group_id].people.pop(left.user_id, None)
            groups[left.group_id].gone.append((change.name, change.group))
        group, person = _find_place(change, members)
        place = groups.setdefault(group, _Group())
        place.people[person] = (change.name, change.role)
        place.changes.append(change)
    return groups


def _find_place(
    change: Joining | RoleChange, members: Mapping[int, Membership]
) -> tuple[int | GroupKey, int | str]:
    """Return the group and the person of a change, by id if they have one."""
    if isinstance(change, RoleChange):
        member = members[change.membership_id]
        return member.group_id, member.user_id
    return change.group_id or change.group_key, change.user_id or change.email


def _describe(group: NamedGroup, people: _Group) -> GroupAfter:
    roles = list(people.people.values())
    facilitators = tuple(name for name, role in roles if role == FACILITATOR)
    return GroupAfter(
        name=group.name,
        cohort=group.cohort_name,
        weekly_time=name_time(group.slot, group.timezone),
        facilitators=facilitators,
        participants=len(roles) - len(facilitators),
        changes=tuple(people.changes),
        gone=tuple(people.gone),
        smallest=group.cohort.smallest_group if group.cohort else SMALLEST_GROUP,
        is_open=not group.has_ended and (group.cohort is None or not group.cohort.has_ended),
    )


def find_odd_groups(groups: Iterable[GroupAfter]) -> Iterator[str]:
    """Yield a warning for each cohort and cause: no or several facilitators, few participants."""
    is_open = (group for group in groups if group.is_open)
    for cohort, within in by_key(is_open, lambda group: group.cohort).items():
        none = [group.name for group in within if not group.facilitators]
        several = [
            f"{group.name} ({join_names(group.facilitators)})"
            for group in within
            if len(group.facilitators) > 1
        ]
        smallest = within[0].smallest or 0
        tiny = [
            f"{group.name} ({group.participants})"
            for group in within
            if group.participants < smallest
        ]
        if none:
            yield f"{cohort}: no facilitator in {_name_some(none)}."
        if several:
            yield f"{cohort}: more than one facilitator in {_name_some(several)}."
        if tiny:
            yield (f"{cohort}: fewer than {count(smallest, 'participant')} in {_name_some(tiny)}.")


def _name_some(names: list[str]) -> str:
    left = len(names) - MAX_NAMED
    return join_names([*names[:MAX_NAMED], count(left, "other")] if left > 0 else names)
