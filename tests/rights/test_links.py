"""No page of the admin has a link or a button that refuses the person who sees it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.contrib.auth.models import Group
from django.db import transaction
from django.test import Client

from lens.frame.roles import ROLES, make_roles
from tests.rights.doors import OPEN, REFUSED, SUPERUSERS_ONLY, Door
from tests.rights.forms import Request, requests_of
from tests.rights.kinds import SINGLE, STAFF, SUPERUSER, VIEWERS, World
from tests.rights.test_table import all_doors, enter, held_by, see
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db

LINK = re.compile(r'<a\s[^>]*?href="([^"#]+)')
PARTS = 24
# Signing out would end the walk; uploads and searches are tried by their own tests.
LEFT_OUT = ("/admin/logout/",)
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


def is_page(answer: Any) -> bool:
    return answer.status_code == 200 and "html" in answer.headers["Content-Type"]


def links_on(page: Any) -> dict[str, str]:
    """Return the addresses of ours that a page links to, by their paths."""
    if not is_page(page):
        return {}
    found = LINK.findall(page.content.decode())
    links = [urljoin(page.wsgi_request.path, unescape(link)) for link in found]
    return {ALIKE.sub("", urlsplit(link).path): link for link in links if link.startswith("/")}


def press(client: Client, asked: Request) -> str:
    """Send what a button sends, and return what the answer says about the right to it."""
    address = f"{asked.path}?{asked.query}" if asked.query else asked.path
    data: dict[str, list[str]] = {}
    for name, value in asked.data:
        data.setdefault(name, []).append(value)
    with transaction.atomic():
        answer = client.post(address, data) if asked.method == "post" else client.get(address, data)
        transaction.set_rollback(True)
    return see(answer)


class Walk:
    """What a person may do on the pages of the admin, as found by trying each thing once."""

    def __init__(self, world: World, kind: str) -> None:
        self.kind = kind
        self.client = sign_in(world.people[kind], Client(raise_request_exception=False))
        self.cookies = self.client.cookies.output().replace("Set-Cookie: ", "")
        self.followed: dict[str, str] = {}
        self.pressed: dict[tuple[str, str, tuple[str, ...]], str] = {}
        self.refused: dict[str, str] = {}

    def visit_pages(
        self, held: Iterable[str], values: dict[str, Any], *, pressing: bool = False
    ) -> None:
        """Follow every link on every page that the person may see; `pressing`: and every button."""
        for route, door in admin_pages():
            if door.expected(self.kind, set(held)) != OPEN:
                continue
            with transaction.atomic():
                page = enter(self.client, route, door, values)
                self.follow_links(page)
                if pressing:
                    self.press_buttons(page)
                transaction.set_rollback(True)

    def follow_links(self, page: Any) -> None:
        for path, link in links_on(page).items():
            if path not in self.followed:
                self.followed[path] = see(self.client.get(link))
            if self.followed[path] != OPEN:
                self.refused[path] = f"{self.followed[path]}, linked on {page.wsgi_request.path}"

    def press_buttons(self, page: Any) -> None:
        address = page.wsgi_request.get_full_path()
        for asked in requests_of(address, page.content.decode()) if is_page(page) else []:
            if asked.path in LEFT_OUT:
                continue
            sort = (asked.method, asked.path, tuple(sorted({name for name, _ in asked.data})))
            if sort not in self.pressed:
                self.pressed[sort] = press(self.client, asked)
                self.client.cookies.load(self.cookies)
            if self.pressed[sort] not in (OPEN, REFUSED):
                self.refused[f"{asked.method} {asked.path}"] = f"{self.pressed[sort]}, on {address}"


def refused_links(
    world: World, kind: str, held: Iterable[str], values: dict[str, Any]
) -> dict[str, str]:
    walk = Walk(world, kind)
    walk.visit_pages(held, values)
    return walk.refused


@pytest.mark.parametrize(
    "kind",
    [STAFF, *(pytest.param(kind, marks=pytest.mark.matrix) for kind in (VIEWERS, SUPERUSER))],
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


# -- roles ---------------------------------------------------------------------------------------


def give_role(world: World, role: str) -> tuple[str, ...]:
    make_roles()
    person = world.people[SINGLE]
    person.user_permissions.clear()
    person.groups.set([Group.objects.get(name=role)])
    return ROLES[role]


SAMPLED_ROLES = [
    pytest.param(role, marks=[] if role == "Viewer" else pytest.mark.matrix) for role in ROLES
]


@pytest.mark.parametrize("role", SAMPLED_ROLES)
def test_no_role_sees_a_link_or_a_button_that_it_may_not_use(
    world: World, values: dict[str, Any], role: str
) -> None:
    walk = Walk(world, SINGLE)
    walk.visit_pages(give_role(world, role), values, pressing=True)
    assert len(walk.pressed) >= {"Viewer": 3}.get(role, 20), "hardly any button was found"
    assert walk.refused == {}


def test_the_reader_of_forms_finds_what_each_button_sends() -> None:
    page = """<form method="post" action="../a/"><input name="x" value="1"><input type="checkbox"
      name="no"><select name="s"><option value="2" selected></select><button name="b" value="3">
      </button><button formaction="/c/" disabled></button></form>
      <form id="f"><input name="q"></form><button form="f" formmethod="post" formaction="/d/">
      </button><div hx-get="/e/?n=1"></div>"""
    assert requests_of("/admin/p/", page) == [
        Request("get", "/e/", (), "n=1"),
        Request("post", "/admin/a/", (("x", "1"), ("s", "2"), ("b", "3"))),
        Request("post", "/d/", (("q", ""),)),
    ]
