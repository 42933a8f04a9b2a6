"""Queries about groups, their members and their facilitators.

Members are active memberships.  Guests have no membership, so they are never included.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from django.db.models import F, Q, QuerySet

from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership, User


def find_cohort(text: str) -> Cohort:
    """Return the cohort with this id or name.

    Raises Refusal: no_cohort, ambiguous_cohort (its sentence lists the candidates with their ids).
    """
    name = " ".join(text.split())
    cohorts = Cohort.objects.select_related("course")
    found = list(cohorts.filter(name=name) or cohorts.filter(name__iexact=name))
    if name.isdecimal():
        found += [cohort for cohort in cohorts.filter(pk=int(name)) if cohort not in found]
    if not found:
        raise Refusal("no_cohort", f"There is no cohort with the ID or name “{name}”.")
    if len(found) > 1:
        candidates = ", ".join(f"{each.pk} ({each.course}: {each})" for each in found)
        raise Refusal(
            "ambiguous_cohort", f"“{name}” matches several cohorts: {candidates}. Use the ID."
        )
    return found[0]


def members_of(group_ids: Collection[int]) -> QuerySet[Membership]:
    """Return the members of these groups with their people: facilitators first, then by name."""
    active = Membership.objects.filter(group__in=group_ids, status=Membership.Status.ACTIVE)
    return active.select_related("user").order_by("group", "role", "user__name", "user")


def last_members_of(group_ids: Collection[int]) -> QuerySet[Membership]:
    """Return the members of these groups; for a group that has ended, its members at that
    moment."""
    lasting = Q(status=Membership.Status.ACTIVE) | Q(left_at=F("group__ended_at"))
    members = Membership.objects.filter(lasting, group__in=group_ids)
    return members.select_related("user").order_by("group", "role", "user__name", "user")


def facilitators_of(group_ids: Collection[int]) -> dict[int, list[User]]:
    """Return the facilitators by group id, sorted by name."""
    led = members_of(group_ids).filter(role=Membership.Role.FACILITATOR)
    facilitators: dict[int, list[User]] = defaultdict(list)
    for membership in led:
        facilitators[membership.group_id].append(membership.user)
    return facilitators
