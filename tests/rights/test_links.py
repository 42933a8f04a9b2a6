"""No page of the admin links to an address that refuses the person who sees the link."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.db import transaction
from django.test import Client

from tests.rights.doors import OPEN, SUPERUSERS_ONLY, Door
from tests.rights.kinds import SINGLE, STAFF, SUPERUSER, VIEWERS, World
from tests.rights.test_table import all_doors, enter, held_by, see
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a\s[^>]*?href="([^"#]+)')
PARTS = 6
# The previews of all kinds of messages take long and need the same: one stands for them.
ALIKE = re.compile(r"messagekind/[^/]+/preview/")
# Pages that list rows of other tables: parts of a form, and what a deletion would take along.
LISTING = {("cohorts.view_accessstate", "cohorts.view_user")} | {
    (f"cohorts.delete_{model}", f"cohorts.view_{model}")
    for model in ("cohort", "course", "group", "user")
}


def admin_pages() -> list[tuple[str, Door]]:
    return [
        each for each in all_doors() if each[0].startswith("admin/") and each[1].method == "GET"
    ]


def links_on(page: Any) -> dict[str, str]:
    """Return the addresses of ours that a page links to, by their paths."""
    if page.status_code != 200 or "html" not in page.headers["Content-Type"]:
        return {}
    found = LINK.findall(page.content.decode())
    links = [urljoin(page.wsgi_request.path, unescape(link)) for link in found]
    return {ALIKE.sub("", urlsplit(link).path): link for link in links if link.startswith("/")}


def refused_links(
    world: World, kind: str, held: Iterable[str], values: dict[str, Any]
) -> dict[str, str]:
    """Follow every link on every page of the admin that the person may see; return the refused."""
    client = sign_in(world.people[kind], Client(raise_request_exception=False))
    seen: dict[str, str] = {}
    refused = {}
    for route, door in admin_pages():
        if door.expected(kind, set(held)) != OPEN:
            continue
        with transaction.atomic():
            page = enter(client, route, door, values)
            for path, link in links_on(page).items():
                if path not in seen:
                    seen[path] = see(client.get(link))
                if seen[path] != OPEN:
                    refused[path] = f"{seen[path]}, linked on {page.wsgi_request.path}"
            transaction.set_rollback(True)
    return refused


@pytest.mark.parametrize(
    "kind", [STAFF, VIEWERS, pytest.param(SUPERUSER, marks=pytest.mark.matrix)]
)
def test_a5_no_link_of_the_admin_is_refused(
    world: World, values: dict[str, Any], kind: str
) -> None:
    assert refused_links(world, kind, held_by(kind), values) == {}


def needed_together() -> list[tuple[str, ...]]:
    """Return the sets of permissions that open a page of the admin, each exactly sufficient."""
    needed = {door.perms for _, door in admin_pages() if door.perms and not door.any_of}
    return sorted(perms for perms in needed | LISTING if SUPERUSERS_ONLY not in perms)


@pytest.mark.parametrize(
    "part", [pytest.param(n, marks=[pytest.mark.matrix] if n else []) for n in range(PARTS)]
)
def test_a5_no_link_is_refused_to_staff_who_may_see_one_page_only(
    world: World, values: dict[str, Any], part: int
) -> None:
    refused = {}
    for perms in needed_together()[part::PARTS]:
        world.set_permissions(world.people[SINGLE], perms)
        found = refused_links(world, SINGLE, perms, values)
        refused |= {f"{' '.join(perms)}: {path}": why for path, why in found.items()}
    assert refused == {}
