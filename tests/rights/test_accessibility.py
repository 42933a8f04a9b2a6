"""axe on every page that learners, facilitators and staff can open: light, dark and on a phone.

The addresses are those of the permission table, so a new page is looked at without a line here.
`make test` opens a third of our own pages, each once, as one person and in one mode; the matrix
opens the others and those of tables, which Django's admin draws, and `make modes` takes everyone
and every mode.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import pytest
from playwright.sync_api import Browser, Page

from tests.rights.doors import OPEN, Door, fill
from tests.rights.kinds import (
    ANONYMOUS,
    FACILITATOR,
    GUEST,
    LEARNER,
    OTHER_FACILITATOR,
    STAFF,
    SUPERUSER,
    VIEWERS,
    World,
)
from tests.rights.test_table import address_doors, app_doors, held_by, put, table_doors
from tests.support.accessibility import MODES, find_violations, show_as
from tests.support.second_factor import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PEOPLE = FACILITATOR, LEARNER, GUEST, OTHER_FACILITATOR, ANONYMOUS
READERS = *PEOPLE, SUPERUSER, VIEWERS
# Answers that are no page of ours: data, files, fragments of a page, and Swagger's own page.
NO_PAGE = re.compile(
    r"healthz|api/.*|calendar/.*|.*\.ics|.*\.csv|.*/file/|admin/jsi18n/|admin/autocomplete/"
    r"|meetings/visits/<id:visit_id>/progress/"
)
# Pages that no table names.
OTHERS = [(LEARNER, "/nothing/"), (STAFF, "/admin/cohorts/cohort/roster/")]
# Stock pages of the admin that differ only in the name of the table.
ALIKE = re.compile(r"admin/\w+/\w+/(?:add|\{pk\}/delete|\{pk\}/history)/")
EVERY = 10  # of those, this one stands for the others

Visit = tuple[str, str]  # a person and an address


@dataclass
class Tour:
    """Opens pages as several people and notes what is wrong with each."""

    browser: Browser
    base_url: str
    world: World
    wrong: list[str] = field(default_factory=list)
    opened: int = 0
    pages: dict[str, Page] = field(default_factory=dict)
    seen: set[tuple[str, str, str]] = field(default_factory=set)

    def visit(self, reader: str, address: str, modes: Iterable[str]) -> None:
        page = self.pages.setdefault(reader, None) or self._open_browser(reader)
        answer = page.goto(address)
        assert answer is not None
        kind = answer.headers.get("content-type", "")
        assert kind.startswith("text/html"), f"{address} is {kind}: add it to NO_PAGE"
        for mode in modes:
            key = reader, page.url, mode
            if key not in self.seen:  # several addresses lead to the same page
                self.seen.add(key)
                self.opened += 1
                show_as(page, mode)
                found = find_violations(page)
                self.wrong += [f"{reader}, {address}, {mode}: {each}" for each in found]

    def _open_browser(self, reader: str) -> Page:
        context = self.browser.new_context(base_url=self.base_url)
        if reader != ANONYMOUS:
            session = sign_in(self.world.people[reader]).cookies["sessionid"].value
            context.add_cookies([{"name": "sessionid", "value": session, "url": self.base_url}])
        self.pages[reader] = context.new_page()
        self.pages[reader].on("console", lambda said: self._note(said.type, said.text))
        self.pages[reader].on("pageerror", lambda error: self._note("error", str(error)))
        return self.pages[reader]

    def _note(self, kind: str, text: str) -> None:
        """Note what the console reports, as a broken policy; not that a page is a refusal."""
        if kind == "error" and not re.search("status of 40[034]", text):
            self.wrong.append(text)


@pytest.fixture
def tour(browser: Browser, live_server: Any, world: World) -> Iterator[Tour]:
    tour = Tour(browser, live_server.url, world)
    yield tour
    for page in tour.pages.values():
        page.context.close()


def visits(
    doors: Iterable[tuple[str, Door]], readers: Iterable[str], values: dict[str, Any]
) -> Iterator[tuple[str, list[Visit]]]:
    """Yield each page's address in the table, and who can open it where."""
    for route, door in doors:
        can = [each for each in readers if door.expected(each, {*held_by(each)}) == OPEN]
        if door.method == "GET" and can and not NO_PAGE.fullmatch(route):
            address = write_address(route, door, values)
            yield route, [(reader, address) for reader in can]


def write_address(route: str, door: Door, values: dict[str, Any]) -> str:
    data = {name: put(value, values) for name, value in door.data.items()}
    if label := data.pop("label", None):
        route = route.replace("{pk}", str(values["rows"][label]))
    address = fill(route.replace("(?P<url>.*)$", "nothing/"), {**values, **data})
    asked = {name: value for name, value in data.items() if not re.search(rf"\b{name}>", route)}
    return f"{address}?{urlencode(asked)}" if asked else address


def own_doors() -> list[tuple[str, Door]]:
    return [*address_doors(), *app_doors()]


def sampled_tables() -> list[tuple[str, Door]]:
    doors = [each for each in table_doors() if each[1].method == "GET"]
    alike = [route for route, _ in doors if ALIKE.fullmatch(route)]
    left_out = {route for n, route in enumerate(alike) if n % EVERY}
    return [each for each in doors if each[0] not in left_out]


Doors = Callable[[], Iterable[tuple[str, Door]]]


def some_own_doors(first: int, every: int) -> Doors:
    """Return a part of our pages: all take a minute."""
    return lambda: own_doors()[first::every]


@pytest.mark.parametrize(
    ("doors", "enough"),
    [
        pytest.param(some_own_doors(0, 6), 10, id="a sixth of our pages"),
        pytest.param(some_own_doors(3, 6), 10, id="another sixth", marks=pytest.mark.matrix),
        pytest.param(some_own_doors(1, 3), 20, id="a third", marks=pytest.mark.matrix),
        pytest.param(some_own_doors(2, 3), 20, id="the last third", marks=pytest.mark.matrix),
        pytest.param(sampled_tables, 60, marks=pytest.mark.matrix),
    ],
)
def test_every_page_can_be_used_with_assistive_technology(
    tour: Tour, values: dict[str, Any], doors: Doors, enough: int
) -> None:
    """As the first who can open it, in a mode that depends on the address alone."""
    for route, found in visits(doors(), READERS, values):
        reader, address = found[0]
        tour.visit(reader, address, [[*MODES][crc32(route.encode()) % len(MODES)]])
    for reader, address in OTHERS:
        tour.visit(reader, address, ["dark"])
    assert not tour.wrong, "\n".join(tour.wrong)
    assert tour.opened > enough, "pages are missing"


@pytest.mark.modes
@pytest.mark.timeout(900)
@pytest.mark.parametrize("doors", [own_doors, table_doors])
@pytest.mark.parametrize("reader", READERS)
def test_every_page_in_every_mode_as_everyone_who_can_open_it(
    tour: Tour, values: dict[str, Any], reader: str, doors: Doors
) -> None:
    for _, found in visits(doors(), [reader], values):
        tour.visit(*found[0], MODES)
    assert not tour.wrong, "\n".join(tour.wrong)
