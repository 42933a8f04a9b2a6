"""Queries about groups, their members and their facilitators.

Members are active memberships.  Guests have no membership, so they are never included.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from functools import reduce
from operator import or_
from typing import TypeVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from cohorts.errors import Refusal
from cohorts.models import Cohort, ErasureRequest, Membership, User

SHORTEST_NAME = 3  # shorter ones occur in ordinary text

Key = TypeVar("Key")
Row = TypeVar("Row")


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


def let_go_since(cohort_ids: Collection[int]) -> set[tuple[int, int]]:
    """Return (cohort id, user id) of people who dropped out of these cohorts or were removed, and
    did not come back.  One query."""
    alone = Q(status=Membership.Status.REMOVED) & (
        Q(group__ended_at__isnull=True) | ~Q(left_at=F("group__ended_at"))
    )
    later = Membership.objects.filter(
        user=OuterRef("user"), cohort=OuterRef("cohort"), joined_at__gt=OuterRef("joined_at")
    )
    left = Membership.objects.filter(
        Q(status=Membership.Status.DROPPED) | alone, ~Exists(later), cohort__in=cohort_ids
    )
    return set(left.values_list("cohort", "user"))


def facilitators_of(group_ids: Collection[int]) -> dict[int, list[User]]:
    """Return the facilitators by group id, sorted by name."""
    led = members_of(group_ids).filter(role=Membership.Role.FACILITATOR)
    facilitators: dict[int, list[User]] = defaultdict(list)
    for membership in led:
        facilitators[membership.group_id].append(membership.user)
    return facilitators


def facilitates(user_id: int) -> bool:
    """Return whether the person is a facilitator of any group."""
    return Membership.objects.filter(
        user=user_id, role=Membership.Role.FACILITATOR, status=Membership.Status.ACTIVE
    ).exists()


def group_by(rows: Iterable[Row], key: Callable[[Row], Key]) -> defaultdict[Key, list[Row]]:
    """Return the rows by key, in their order; a key without rows has an empty list."""
    found: defaultdict[Key, list[Row]] = defaultdict(list)
    for row in rows:
        found[key(row)].append(row)
    return found


# -- people who are being erased ---------------------------------------------------------------


def begun_erasures() -> QuerySet[ErasureRequest]:
    """Return the erasures that cannot be withdrawn any more, and those that are done."""
    return ErasureRequest.objects.exclude(state=ErasureRequest.State.ASKED)


def addresses_of(person: User) -> set[str]:
    """Return every address that the person has or had, in lower case."""
    former = person.former_addresses.values_list("email", flat=True)
    return {each.lower() for each in (person.email, person.discord_email, *former) if each}


def texts_naming(person: User, *columns: str) -> Q:
    """Return a filter for texts with a name, an address or the Discord id of the person.

    It also finds namesakes: a text does not say whom it names.
    """
    pattern = _pattern(_names_of(person))
    if not pattern:
        return Q(pk__in=[])
    return reduce(or_, (Q(**{f"{column}__iregex": pattern}) for column in columns))


def naming_pattern(person: User) -> re.Pattern[str]:
    """Return a pattern that finds the same texts as `texts_naming`; nothing without a name."""
    return re.compile(_pattern(_names_of(person)) or r"(?!)", re.IGNORECASE)


def _names_of(person: User) -> set[str]:
    names = {person.name, person.nickname, person.discord_name, *addresses_of(person)}
    names |= {str(person.discord_id)} if person.discord_id else set()
    return {name for name in names if len(name) >= SHORTEST_NAME}


def _pattern(words: set[str]) -> str:
    """Return a pattern that finds any of these words, but not inside longer ones.

    It uses only what PostgreSQL and Python understand alike.
    """
    quoted = (_quote(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return rf"(^|\W)({'|'.join(quoted)})(\W|$)" if words else ""


def _quote(word: str) -> str:
    return "".join(char if char.isalnum() or char.isspace() else f"\\{char}" for char in word)
