"""Search for people, groups and cohorts in one box.

Each word must occur in a name, an address (also a former one) or a Discord name; a Discord ID must
match as a whole. Four queries at most, whatever is found.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import and_

from django.db.models import F, Prefetch, Q

from cohorts.models import Cohort, FormerAddress, Group, Membership, User
from cohorts.web.access import staff_may

SHOWN = 20  # of each kind
MOST_WORDS = 6


@dataclass(frozen=True)
class SearchResults:
    """What was found, the best `SHOWN` of each kind; `cut_off` if there is more."""

    people: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    cohorts: tuple[Cohort, ...] = ()
    cut_off: bool = False

    @property
    def total(self) -> int:
        return len(self.people) + len(self.groups) + len(self.cohorts)


def search_everything(text: str, *, viewer: User) -> SearchResults:
    """Return what the viewer may view and the text matches; nothing for an empty text."""
    words = text.replace("\0", " ").split()[:MOST_WORDS]
    if not words:
        return SearchResults()
    people = find_people(words, viewer) if staff_may(viewer, "cohorts.view_user") else ()
    groups = find_groups(words) if staff_may(viewer, "cohorts.view_group") else ()
    cohorts = find_cohorts(words) if staff_may(viewer, "cohorts.view_cohort") else ()
    return SearchResults(
        people=people[:SHOWN],
        groups=groups[:SHOWN],
        cohorts=cohorts[:SHOWN],
        cut_off=any(len(rows) > SHOWN for rows in (people, groups, cohorts)),
    )


def find_people(words: Sequence[str], viewer: User) -> tuple[User, ...]:
    """Return the people, each with `shown_memberships` if the viewer may view memberships."""
    people = User.objects.filter(all_of(words, _names_person)).order_by("-is_active", "name", "pk")
    if staff_may(viewer, "cohorts.view_membership", "cohorts.view_group"):
        memberships = Membership.objects.select_related("group__cohort").order_by("status", "-pk")
        people = people.prefetch_related(
            Prefetch("memberships", memberships, to_attr="shown_memberships")
        )
    return tuple(people[: SHOWN + 1])


def _names_person(word: str) -> Q:
    fields = ("name", "nickname", "email", "discord_name")
    found = Q(
        *((f"{field}__icontains", word) for field in fields),
        # A subquery: a join would return a person once for each former address.
        ("pk__in", FormerAddress.objects.filter(email__icontains=word).values("user")),
        _connector=Q.OR,
    )
    if word.isascii() and word.isdecimal() and len(word) <= 19:  # PostgreSQL's bigint
        found |= Q(discord_id=int(word))
    return found


def find_groups(words: Sequence[str]) -> tuple[Group, ...]:
    """Return the groups by name, also of their cohort; those that have not ended first."""
    found = all_of(words, lambda word: Q(name__icontains=word) | Q(cohort__name__icontains=word))
    # Only if a word names the group itself: the cohort's own name would list all its groups.
    named = Q(*(("name__icontains", word) for word in words), _connector=Q.OR)
    groups = Group.objects.filter(found & named).select_related("cohort")
    live_first = F("ended_at").asc(nulls_first=True)
    return tuple(groups.order_by(live_first, "-cohort__start_date", "name")[: SHOWN + 1])


def find_cohorts(words: Sequence[str]) -> tuple[Cohort, ...]:
    found = all_of(words, lambda word: Q(name__icontains=word) | Q(course__name__icontains=word))
    cohorts = Cohort.objects.filter(found).select_related("course").order_by("-start_date")
    return tuple(cohorts[: SHOWN + 1])


def all_of(words: Sequence[str], condition: Callable[[str], Q]) -> Q:
    """Return the condition that holds if it holds for every word."""
    return reduce(and_, (condition(word) for word in words))
