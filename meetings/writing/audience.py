"""The people of a cohort to whom staff write, each once however many of its groups they are in."""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import F, Q, QuerySet

from cohorts.models import Cohort, Group, Membership, User


class AudienceKind(StrEnum):
    """Whom a letter goes to. The ids of the last two are groups and people."""

    COHORT = "cohort"
    FACILITATORS = "facilitators"
    GROUPS = "groups"
    PEOPLE = "people"


@dataclass(frozen=True, slots=True)
class Addressee:
    """A person with the groups through which the letter concerns them, by name."""

    person: User
    groups: tuple[Group, ...]


def members_to_write() -> QuerySet[Membership]:
    """Return the members of all cohorts; of a cohort that is over, its members at the end."""
    over = Cohort.objects.exclude(status=Cohort.Status.OPEN)
    at_the_end = Q(left_at=F("group__ended_at"), cohort__in=over)
    lasting = Q(status=Membership.Status.ACTIVE) | (at_the_end & ~Q(status=Membership.Status.MOVED))
    return Membership.objects.filter(lasting, user__is_active=True)


def choose_members(
    cohort_id: int, kind: AudienceKind, ids: Collection[int] = ()
) -> QuerySet[Membership]:
    """Return the memberships that an audience consists of."""
    members = members_to_write().filter(cohort=cohort_id)
    chosen: dict[AudienceKind, dict[str, Any]] = {
        AudienceKind.COHORT: {},
        AudienceKind.FACILITATORS: {"role": Membership.Role.FACILITATOR},
        AudienceKind.GROUPS: {"group__in": ids},
        AudienceKind.PEOPLE: {"user__in": ids},
    }
    return members.filter(**chosen[kind])


def read_addressees(members: QuerySet[Membership]) -> tuple[Addressee, ...]:
    """Return the people of these memberships by name, each once. One query."""
    people: dict[int, User] = {}
    groups: dict[int, dict[int, Group]] = {}
    rows = members.select_related("user", "group__cohort__course")
    for row in rows.order_by("user__name", "user", "group__name", "group"):
        people[row.user_id] = row.user
        groups.setdefault(row.user_id, {})[row.group_id] = row.group
    return tuple(Addressee(person, tuple(groups[pk].values())) for pk, person in people.items())
