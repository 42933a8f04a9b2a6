"""Who is being erased, and which texts name them. Providers and the erasure itself read this."""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db.models import Q, QuerySet

from cohorts.models import ErasureRequest, User

SHORTEST_NAME = 3  # shorter ones occur in ordinary text


def people_to_erase() -> QuerySet[User]:
    """Return the people whose erasure is approved and not done."""
    return User.objects.filter(erasure__state=ErasureRequest.State.APPROVED).order_by("pk")


def addresses_of(person: User) -> set[str]:
    """Return every address that the person has or had, in lower case."""
    former = person.former_addresses.values_list("email", flat=True)
    return {each.lower() for each in (person.email, person.discord_email, *former) if each}


def texts_naming(person: User, *columns: str) -> Q:
    """Return a filter for texts with a name, an address or the Discord id of the person.

    It also finds namesakes: a text does not say whom it names.
    """
    names = {person.name, person.nickname, person.discord_name, *addresses_of(person)}
    names |= {str(person.discord_id)} if person.discord_id else set()
    pattern = _pattern({name for name in names if len(name) >= SHORTEST_NAME})
    if not pattern:
        return Q(pk__in=[])
    return reduce(or_, (Q(**{f"{column}__iregex": pattern}) for column in columns))


def _pattern(words: set[str]) -> str:
    """Return a pattern that finds any of these words, but not inside longer ones.

    It uses only what PostgreSQL and Python understand alike.
    """
    quoted = (_quote(word) for word in sorted(words, key=lambda word: (-len(word), word)))
    return rf"(^|\W)({'|'.join(quoted)})(\W|$)" if words else ""


def _quote(word: str) -> str:
    return "".join(char if char.isalnum() or char.isspace() else f"\\{char}" for char in word)
