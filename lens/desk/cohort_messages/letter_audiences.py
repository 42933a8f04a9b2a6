"""The audiences that a letter to people of a cohort can have, with how many people each has."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from django.db.models import QuerySet

from cohorts.group_labels import name_slot
from cohorts.models import Cohort, Group, Membership, User
from cohorts.words import count_people, join_names
from discordsync.joining.reminders import find_not_joined, invited_members
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.staff_letter import CHOSEN_PEOPLE

NOT_JOINED = "not_joined"


@dataclass(frozen=True)
class LetterAudiences:
    """The people of a cohort as audiences. `named` are people whom another page led here with."""

    cohort: Cohort
    members: tuple[Membership, ...]
    not_joined: frozenset[int]
    named_ids: frozenset[int]

    @cached_property
    def groups(self) -> Mapping[Group, set[int]]:
        """The groups with their people, by name."""
        found: dict[Group, set[int]] = defaultdict(set)
        for member in sorted(self.members, key=lambda one: (one.group.name, one.group_id)):
            found[member.group].add(member.user_id)
        return found

    @cached_property
    def named(self) -> list[User]:
        people = {one.user_id: one.user for one in self.members if one.user_id in self.named_ids}
        return sorted(people.values(), key=lambda one: (one.display_name, one.pk))

    def list_kinds(self) -> Iterable[tuple[str, str]]:
        """Yield the kinds of audience as choices."""
        everyone = {one.user_id for one in self.members}
        leaders = {one.user_id for one in self.members if one.role == Membership.Role.FACILITATOR}
        yield AudienceKind.COHORT, f"Everyone in the cohort ({count_people(len(everyone))})"
        yield AudienceKind.GROUPS, "Some groups, chosen below"
        yield AudienceKind.FACILITATORS, f"Facilitators only ({count_people(len(leaders))})"
        yield (
            NOT_JOINED,
            f"Those who have not joined the Discord server ({count_people(len(self.not_joined))})",
        )
        if self.named:
            yield AudienceKind.PEOPLE, "Some people, chosen below"

    def list_groups(self) -> Iterable[tuple[str, str]]:
        for group, people in self.groups.items():
            yield str(group.pk), f"{group}, {name_slot(group)}, {count_people(len(people))}"

    def choose(self, kind: str, ids: Collection[int]) -> QuerySet[Membership]:
        """Return the memberships of an audience."""
        if kind == NOT_JOINED:
            return choose_members(self.cohort.pk, AudienceKind.PEOPLE, self.not_joined)
        return choose_members(self.cohort.pk, AudienceKind(kind), ids)

    def describe(self, kind: str, ids: Collection[int]) -> str:
        """Return the audience in a few words, for the cohort's history."""
        match kind:
            case AudienceKind.COHORT:
                return "everyone in the cohort"
            case AudienceKind.FACILITATORS:
                return "the facilitators"
            case AudienceKind.GROUPS:
                return join_names(group.name for group in self.groups if group.pk in ids)
            case AudienceKind.PEOPLE:
                return CHOSEN_PEOPLE
            case _:
                return "those who have not joined the Discord server"


def read_audiences(cohort: Cohort, named_ids: Collection[int]) -> LetterAudiences:
    """Return the audiences. Three queries."""
    members = choose_members(cohort.pk, AudienceKind.COHORT).select_related("user", "group")
    missing = find_not_joined(invited_members().filter(cohort=cohort))
    return LetterAudiences(
        cohort,
        tuple(members.order_by("pk")),
        frozenset(one.person.pk for one in missing),
        frozenset(named_ids),
    )
