"""Every address, for eleven kinds of people, with a real session: the table has no open cell.

A cell that may not be entered must answer exactly as its line says and write nothing; a cell that
may be entered must not refuse.  Each cell runs in a savepoint of its own, so that no cell sees
another's doing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from django.contrib.messages import get_messages
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.rights import kinds
from tests.rights.doors import (
    FORBIDDEN,
    NOT_FOUND,
    OPEN,
    REFUSED,
    SIGN_IN,
    SUPERUSERS_ONLY,
    Door,
    fill,
    routes,
)
from tests.rights.kinds import ANONYMOUS, EVERYONE, SINGLE, STAFF_KINDS, World
from tests.rights.models_table import ACTIONS, MODELS, needed_for
from tests.rights.rows import make_rows
from tests.rights.table import ROUTES
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db

APP_PAGES = "admin/^(?P<app_label>"  # `app_doors` has them
STANDARD = {
    # page: its methods, what it needs, whether it is for one row
    "": (("GET",), "view"),
    "add/": (("GET", "POST"), "add"),
    "export/": (("POST",), "view"),
    "{pk}/change/": (("GET",), "view"),
    "{pk}/change/ ": (("POST",), "change"),
    "{pk}/delete/": (("GET", "POST"), "delete"),
    "{pk}/history/": (("GET",), "view"),
}


def address_doors() -> Iterator[tuple[str, Door]]:
    for route, doors in ROUTES.items():
        yield from ((route, door) for door in doors)


def table_doors() -> Iterator[tuple[str, Door]]:
    for label, offers in MODELS.items():
        yield from model_doors(label, offers.split())


def all_doors() -> list[tuple[str, Door]]:
    return [*address_doors(), *table_doors(), *app_doors()]


def model_doors(label: str, offers: list[str]) -> Iterator[tuple[str, Door]]:
    app, model = label.split(".")
    for page, (methods, act) in STANDARD.items():
        offered = act == "view" or act in offers
        perms = needed_for(label, act) if offered else None
        for method in methods:
            data = {"label": label}
            door = Door(method, (), perms, refused=FORBIDDEN, outside=SIGN_IN, data=data)
            yield f"admin/{app}/{model}/{page.strip()}", door


def app_doors() -> Iterator[tuple[str, Door]]:
    """An app's own page is for those who may do anything in it."""
    for app in {label.partition(".")[0] for label in MODELS}:
        perms = tuple(
            needed_for(label, act)[0]
            for label, offers in MODELS.items()
            for act in ("view", "change", *offers.split())
            if label.startswith(f"{app}.")
        )
        yield f"admin/{app}/", Door("GET", (), perms, outside=SIGN_IN, any_of=True)


# -- the walk ------------------------------------------------------------------------------------


def see(response: HttpResponse) -> str:
    """Return what an answer says about the right to it.

    The API refuses an act on what is someone else's with a 400 as well; see `fits`.
    """
    if response.status_code in (401, 403):
        return FORBIDDEN
    if response.status_code in (404, 405):
        return {404: NOT_FOUND, 405: "405"}[response.status_code]
    place = response.headers.get("Location", "")
    if response.status_code == 302 and place.startswith(("/sign-in/?next", "/admin/login/")):
        return SIGN_IN
    if response.status_code == 400 and response.headers["Content-Type"] == "application/json":
        return REFUSED
    return OPEN if response.status_code < 500 else str(response.status_code)


def fits(seen: str, expected: str) -> bool:
    """Whether a cell is as it should be: who may do something may be told that it is wrong now."""
    return seen == expected or (seen, expected) == (REFUSED, OPEN)


def put(value: Any, values: dict[str, Any]) -> Any:
    """Return "{name}" as the id that it stands for."""
    return values[value[1:-1]] if isinstance(value, str) and value.startswith("{") else value


def enter(client: Client, route: str, door: Door, values: dict[str, Any]) -> Any:
    data = {name: put(value, values) for name, value in door.data.items()}
    here = {**values, **data}
    if "label" in data:
        route = route.replace("{pk}", str(values["rows"][data["label"]]))
    address = fill(route.replace("(?P<url>.*)$", "nothing/"), here)
    if door.method == "GET":
        return client.get(address, data)
    body = json.dumps(data) if route.startswith("api/") else None
    if body is not None:
        return client.generic(door.method, address, body, content_type="application/json")
    if door.method == "POST":
        return client.post(address, data)
    return client.generic(door.method, address)


def wrong_cells(
    world: World, kind: str, held: Iterable[str], doors: Iterable[tuple[str, Door]], values: Any
) -> dict[str, str]:
    """Return the cells of a person that are not as the table says, with what they are."""
    client = Client(raise_request_exception=False)
    if kind != ANONYMOUS:
        sign_in(world.people[kind], client)
    wrong, cookies = {}, client.cookies.output()
    for route, door in doors:
        client.cookies.load(cookies.replace("Set-Cookie: ", ""))  # signing out deletes them
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            seen = see(enter(client, route, door, values))
            transaction.set_rollback(True)
        cell, expected = f"{door.method} {route} {door.data}", door.expected(kind, set(held))
        if not fits(seen, expected):
            wrong[cell] = f"{seen}, not {expected}"
        elif expected != OPEN and (written := writes(queries)):
            wrong[cell] = f"{seen}, but it wrote {written}"
    return wrong


# `make test` takes those who are signed out, the largest group of people, the people with the most
# pages, and the staff with the fewest rights; the rest are the matrix.
SAMPLE = (ANONYMOUS, kinds.LEARNER, kinds.FACILITATOR, kinds.STAFF)
# The admin turns all people outside staff away in one place: one kind stands for the others, and
# staff are tried at one table in four.
SAMPLE_OF_TABLES = (ANONYMOUS,)
FEW = 4
PARTS = 23  # an odd number, or each part would hold one of the four kinds of permissions


def sampled(*sample: str) -> list[Any]:
    return [
        pytest.param(kind, marks=[] if kind in sample else pytest.mark.matrix)
        for kind in EVERYONE
        if kind != SINGLE
    ]


def held_by(kind: str) -> list[str]:
    return kinds.names_of_permissions("view_") if kind == kinds.VIEWERS else []


@pytest.mark.parametrize("kind", sampled(*SAMPLE))
def test_a5_every_address_is_open_to_those_it_is_for_and_to_no_one_else(
    world: World, values: dict[str, Any], kind: str
) -> None:
    doors = [*address_doors(), *app_doors()]
    assert wrong_cells(world, kind, held_by(kind), doors, values) == {}


@pytest.mark.parametrize("kind", sampled(*SAMPLE_OF_TABLES))
def test_a5_every_table_of_the_admin_is_open_to_those_who_may_and_to_no_one_else(
    world: World, values: dict[str, Any], kind: str
) -> None:
    assert wrong_cells(world, kind, held_by(kind), table_doors(), values) == {}


def test_a5_a_table_of_the_admin_is_closed_to_staff_without_permissions(
    world: World, values: dict[str, Any]
) -> None:
    few = [*MODELS.items()][::FEW]
    doors = [door for label, offers in few for door in model_doors(label, offers.split())]
    assert wrong_cells(world, kinds.STAFF, [], doors, values) == {}


def relevant(permission: str) -> list[tuple[str, Door]]:
    """The doors that name this permission, or the one to view that it implies."""
    held = kinds.implied_by([permission])
    return [each for each in all_doors() if held & set(each[1].perms or ())]


@pytest.mark.parametrize(
    "part", [pytest.param(n, marks=[pytest.mark.matrix] if n else []) for n in range(PARTS)]
)
def test_a5_each_single_permission_opens_what_it_opens_in_the_admin_and_no_more(
    world: World, values: dict[str, Any], part: int
) -> None:
    """One permission in 23, at the doors that name it."""
    wrong = {}
    for permission in kinds.names_of_permissions()[part::PARTS]:
        world.set_permissions(world.people[SINGLE], [permission])
        found = wrong_cells(world, SINGLE, [permission], relevant(permission), values)
        wrong |= {f"{permission}: {cell}": seen for cell, seen in found.items()}
    assert wrong == {}


# -- nothing is left out -------------------------------------------------------------------------


def test_a5_every_address_has_its_line_in_the_table() -> None:
    walked = {route for route in routes() if not route.startswith(APP_PAGES)}
    assert walked - set(ROUTES) == set(), "add them to tests/rights/table.py"
    assert [route for route, doors in ROUTES.items() if not doors] == []


def test_a5_every_table_of_the_admin_and_every_action_has_its_line() -> None:
    shown: dict[str, Any] = {
        model._meta.label_lower: admin for model, admin in site._registry.items()
    }
    assert set(MODELS) == set(shown)
    own = {
        label: {name for _, name, _ in admin._get_base_actions()} - {"delete_selected"}
        for label, admin in shown.items()
    }
    assert {label: set(each) for label, each in ACTIONS.items()} == {
        label: names for label, names in own.items() if names
    }


@pytest.mark.parametrize(
    "method",
    [
        "GET",
        "POST",
        "DELETE",
        *(pytest.param(m, marks=pytest.mark.matrix) for m in ("PUT", "PATCH")),
    ],
)
def test_a5_no_other_method_of_an_address_does_anything(
    world: World, values: dict[str, Any], method: str
) -> None:
    """Not even for a superuser.

    Django's own pages, as those of the admin, may show themselves for PUT, PATCH and DELETE, but
    nothing is written.
    """
    client = sign_in(world.people[kinds.SUPERUSER], Client(raise_request_exception=False))
    open_ones = []
    for route, doors in ROUTES.items():
        if method in {door.method for door in doors} or not doors:
            continue
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            response = enter(client, route, Door(method), {**values, "what": "cancel"})
            transaction.set_rollback(True)
        may_show = method in ("PUT", "PATCH", "DELETE") and not route.startswith("api/")
        if see(response) == OPEN and not (may_show and not writes(queries)):
            open_ones.append(route)
    assert open_ones == []


def writes(queries: CaptureQueriesContext) -> list[str]:
    """The statements that changed something; a session may note that it was used."""
    found = [each["sql"] for each in queries.captured_queries]
    changes = [sql for sql in found if sql.startswith(("INSERT", "UPDATE", "DELETE"))]
    return [sql for sql in changes if "django_session" not in sql]


# -- the admin's actions -------------------------------------------------------------------------


def all_actions() -> Iterator[tuple[str, str, str]]:
    for label, actions in ACTIONS.items():
        yield from ((label, name, needed) for name, needed in actions.items())
    for label, offers in MODELS.items():
        needed = needed_for(label, "delete")[0] if "delete" in offers else ""
        yield label, "delete_selected", needed


def runs(client: Client, label: str, name: str, row: Any) -> bool:
    """Whether the list carries out this action for this person."""
    place = f"/admin/{label.replace('.', '/')}/"
    client.cookies.pop("messages", None)  # of the list before
    with transaction.atomic():
        answer = client.post(place, {"action": name, "_selected_action": [row]})
        said = [str(message) for message in get_messages(answer.wsgi_request)]
        transaction.set_rollback(True)
    is_list_again = answer.status_code == 200 and "cl" in answer.context  # it has no actions
    return answer.status_code != 403 and not is_list_again and "No action selected." not in said


def is_carried_out_for(kind: str, needed: str) -> bool:
    """`SINGLE` holds what is needed here."""
    if kind == kinds.SUPERUSER:
        return bool(needed)
    return kind == SINGLE and needed not in ("", SUPERUSERS_ONLY)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(kind, marks=pytest.mark.matrix if kind in (SINGLE, kinds.VIEWERS) else [])
        for kind in STAFF_KINDS
    ],
)
def test_a5_actions_of_the_admin_are_carried_out_for_those_who_may(world: World, kind: str) -> None:
    rows, person = make_rows(list(MODELS)), world.people[kind]
    client, wrong = sign_in(person), []
    for label, name, needed in all_actions():
        app, model = label.split(".")
        if kind == SINGLE:
            view = f"{app}.view_{model}"
            world.set_permissions(person, {needed, view} - {"", SUPERUSERS_ONLY})
        may = is_carried_out_for(kind, needed)
        if runs(client, label, name, rows[label]) != may:
            wrong.append((label, name, may))
    assert wrong == []
