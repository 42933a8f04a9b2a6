"""Every address of the table, viewed by staff as every kind of person outside staff.

A page that is shown is what the person sees themselves, byte for byte but for the banner and the
forms' tokens. Everything else is refused. Nothing is written, and nothing waits to be done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle
from typing import Any

import pytest
from django.db import connection, transaction
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from lens.view_as.view_middleware import SHOWN
from tests.rights import kinds
from tests.rights.doors import Door, fill
from tests.rights.kinds import ANONYMOUS, OUTSIDE_STAFF, SUPERUSER, World
from tests.rights.table import ROUTES
from tests.rights.test_table import address_doors, enter, writes
from tests.support.second_factor import sign_in

pytestmark = pytest.mark.django_db

VIEWED = [kind for kind in OUTSIDE_STAFF if kind != ANONYMOUS]
SAMPLE = (kinds.FACILITATOR,)  # has the most pages
SIGN_OUT = "sign-out/"
UNSAFE = ("POST", "PUT", "PATCH", "DELETE", "OPTIONS")
# Of people outside staff, and refused all the same: secrets, files, sign-in, and no page at all.
NOT_SHOWN = {
    *("healthz", "metrics", "reschedule/"),
    *("sign-in/", "password/", "password/sent/", "password/changed/"),
    *("password/<uidb64>/<token>/", "sign-in/code/", "sign-in/discord/callback/"),
    *("sign-in/again/", "sign-in/again/code/", "security/app/off/", "security/codes/"),
    *("security/codes/file/", "security/", "security/app/", "security/codes/new/"),
    *("security/devices/", "unsubscribe/<str:token>/", "calendar/<slug:token>.ics"),
    *("meetings/calendar/", "meetings/<id:meeting_id>/meeting.ics", "my-data/", "my-data/file/"),
    "meetings/set-up/<id:person_id>/",
}


def person_doors() -> list[tuple[str, Door]]:
    own = ((route, door) for route, door in address_doors() if not route.startswith("admin/"))
    return [(route, door) for route, door in own if route != SIGN_OUT]


def view_as(world: World, kind: str) -> Client:
    client = sign_in(world.people[SUPERUSER], Client(raise_request_exception=False))
    answer = client.post(reverse("admin:view_as", args=[world.people[kind].pk]))
    assert answer.status_code == 302
    return client


def read_page(response: HttpResponse) -> str:
    """Return where an answer leads and what it says, without what differs in each view."""
    text = response.content.decode()
    text = re.sub(r'<aside class="viewing".*?</aside>\n?', "", text, flags=re.DOTALL)
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", text)
    text = re.sub(r"\s*\n\s*", "\n", text)
    return f"{response.status_code} {response.headers.get('Location', '')}\n{text}"


@pytest.mark.parametrize(
    "kind", [pytest.param(k, marks=[] if k in SAMPLE else pytest.mark.matrix) for k in VIEWED]
)
def test_staff_see_each_page_as_its_person_does_and_change_nothing(
    world: World,
    values: dict[str, Any],
    kind: str,
    django_capture_on_commit_callbacks: Callable[..., Any],
) -> None:
    viewer, person, wrong, shown = view_as(world, kind), sign_in(world.people[kind]), {}, set()
    for route, door in person_doors():
        cell = f"{door.method} {route}"
        with (
            django_capture_on_commit_callbacks() as waiting,
            transaction.atomic(),
            CaptureQueriesContext(connection) as queries,
        ):
            seen = enter(viewer, route, door, values)
        if written := writes(queries):
            wrong[cell] = f"wrote {written}"
        elif waiting:
            wrong[cell] = f"does {waiting} later"
        elif door.method != "GET" or not is_shown(seen):
            if seen.status_code != 403 or (door.method == "GET" and not may_refuse(route)):
                wrong[cell] = f"{seen.status_code}"
        else:
            shown.add(seen.resolver_match.view_name)
            if read_page(seen) != read_page(enter(person, route, door, values)):
                wrong[cell] = "is not what the person sees"
        if seen.headers["Cache-Control"] != "no-store":
            wrong[cell] = "may be kept by the browser"
        if values["feed"] in seen.content.decode():
            wrong[cell] = "holds the secret address of the calendar"
    assert wrong == {}, "name a new page in lens/view_as/view_middleware.py, or here in NOT_SHOWN"
    assert shown == SHOWN


def is_shown(response: Any) -> bool:
    return response.resolver_match.view_name in SHOWN


def may_refuse(route: str) -> bool:
    return route in NOT_SHOWN or route.startswith("api/")


def test_nothing_is_listed_that_no_longer_exists() -> None:
    assert NOT_SHOWN - set(ROUTES) == set()


def test_no_method_but_get_and_head_is_answered_at_any_address(
    world: World, values: dict[str, Any]
) -> None:
    """Also at those that the table does not know this method of."""
    viewer, wrong = view_as(world, kinds.FACILITATOR), {}
    routes = sorted({route for route, _ in person_doors()})
    for route, method in zip(routes, cycle(UNSAFE)):  # each method at every fifth
        with transaction.atomic(), CaptureQueriesContext(connection) as queries:
            seen = viewer.generic(method, fill(route, {**values, "what": "cancel"}))
        if seen.status_code != 403 or writes(queries):
            wrong[f"{method} {route}"] = seen.status_code, writes(queries)
    assert wrong == {}


def test_staff_cannot_be_viewed(world: World) -> None:
    client = sign_in(world.people[SUPERUSER])
    for person in (world.people[kind] for kind in kinds.STAFF_KINDS):
        answer = client.post(reverse("admin:view_as", args=[person.pk]), follow=True)
        assert f"{person.display_name} is staff." in answer.content.decode()
    assert client.get("/meetings/").wsgi_request.user.pk == world.people[SUPERUSER].pk
