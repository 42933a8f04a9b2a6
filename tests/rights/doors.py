"""What the table is made of: a door is one method of one address."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from django.contrib.admin import site
from django.urls import URLPattern, URLResolver, get_resolver

from tests.rights.kinds import (
    ANONYMOUS,
    EVERYONE,
    FACILITATOR,
    OUTSIDE_STAFF,
    SIGNED_IN,
    SUPERUSER,
    implied_by,
)

OPEN, SIGN_IN, FORBIDDEN, NOT_FOUND = "open", "to sign in", "403", "404"
REFUSED = "400"  # with a code and a sentence
SUPERUSERS_ONLY = "superusers only"  # in place of a permission: no one else holds it


@dataclass(frozen=True)
class Door:
    """One method of an address, and who may.

    `kinds` may of people outside staff.  Staff need all of `perms` (any, where `any_of`); None: it
    is for no staff as such.  The others see `refused`, those outside staff `outside`, those who are
    not signed in `signed_out`.
    """

    method: str
    kinds: tuple[str, ...] = ()
    perms: tuple[str, ...] | None = None
    refused: str = NOT_FOUND
    outside: str = NOT_FOUND
    signed_out: str = SIGN_IN
    data: dict[str, Any] = field(default_factory=dict)
    any_of: bool = False

    def expected(self, kind: str, held: set[str]) -> str:
        """Return what this kind of person sees, staff holding these permissions."""
        if self._is_open(kind, held):
            return OPEN
        if kind == ANONYMOUS:
            return self.signed_out
        return self.outside if kind in OUTSIDE_STAFF else self.refused

    def _is_open(self, kind: str, held: set[str]) -> bool:
        if kind in OUTSIDE_STAFF:
            return kind in self.kinds
        if self.perms is None:
            return False
        if kind == SUPERUSER:
            return True
        needed = set(self.perms)
        return bool(needed & implied_by(held)) if self.any_of else needed <= implied_by(held)


def anyone(method: str = "GET", **data: object) -> Door:
    return Door(method, EVERYONE, (), data=data)


def signed_in(method: str = "GET", **data: object) -> Door:
    return Door(method, SIGNED_IN, (), data=data)


def own(method: str, *kinds: str, **data: object) -> Door:
    """Of the person who asks: staff as such have none."""
    return Door(method, kinds, None, data=data)


def own_or_400(method: str, *kinds: str, **data: object) -> Door:
    """The same, where the API answers with a refusal."""
    return Door(method, kinds, None, REFUSED, REFUSED, FORBIDDEN, data)


def led(method: str, *perms: str, **data: object) -> Door:
    """For the group's facilitators, and for staff with all of these permissions."""
    return Door(method, (FACILITATOR,), perms, data=data)


def staff(method: str, *perms: str, **data: object) -> Door:
    """In the admin: people outside staff are asked to sign in as staff."""
    return Door(method, (), perms, refused=FORBIDDEN, outside=SIGN_IN, data=data)


def nobody(method: str = "GET", status: str = NOT_FOUND) -> Door:
    """The same for everyone: not found."""
    return Door(method, refused=status, outside=status, signed_out=status)


def api(door: Door) -> Door:
    """As JSON: who is not signed in gets a 403 in place of a page."""
    return replace(door, signed_out=FORBIDDEN)


def walk(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Yield each address of the URLconf as it is written there."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(each.pattern)
        if isinstance(each, URLResolver):
            yield from walk(each.url_patterns, route)
        else:
            assert isinstance(each, URLPattern)
            yield route


def routes() -> list[str]:
    """Return each address once, the admin's own pages of a model left to the table of models."""
    prefixes = tuple(f"admin/{m._meta.app_label}/{m._meta.model_name}/" for m in site._registry)
    standard = re.compile(rf"(?:{'|'.join(prefixes)})(?:add/|export/|<path:object_id>/(?:\w+/)?)?")
    return sorted({route for route in walk() if not standard.fullmatch(route)})


def fill(route: str, values: dict[str, Any]) -> str:
    """Return the address with a value for each of its parts."""
    found = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: str(values[part[1]]), route)
    return f"/{found}"
