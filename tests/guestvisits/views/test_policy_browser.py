"""The main pages in Chromium: none of them breaks the policy that it is sent with."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.admin import site
from playwright.sync_api import BrowserContext, ConsoleMessage, Page, expect

from cohorts.models import User
from guestvisits.services.booking import book_visit
from tests.rights.models_table import MODELS
from tests.rights.rows import make_rows
from tests.support.academy import Academy

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# What the browser reports through this event it may also have written into the console.
LISTEN = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""


class Watched:
    """A browser's page, and all that broke a policy on it."""

    def __init__(self, page: Page, base: str) -> None:
        self.page, self.base = page, base
        self.broken: list[str] = []
        page.add_init_script(LISTEN)
        page.on("console", self._note)

    def _note(self, message: ConsoleMessage) -> None:
        if "Content Security Policy" in message.text or "Permissions" in message.text:
            self.broken.append(f"{self.page.url}: {message.text}")

    def visit(self, path: str) -> None:
        self.page.goto(f"{self.base}{path}", wait_until="load")
        found = self.page.evaluate("window.violations")
        self.broken += [f"{path}: {each}" for each in found]


@pytest.fixture
def watched(
    context: BrowserContext, live_server: Any, sign_in: Callable[[BrowserContext, User], None]
) -> Iterator[Callable[[User | None], Watched]]:
    opened: list[Watched] = []

    def watched(person: User | None) -> Watched:
        if person is not None:
            sign_in(context, person)
        opened.append(Watched(context.new_page(), live_server.url))
        return opened[-1]

    yield watched
    assert [each for one in opened for each in one.broken] == []


def test_a10_no_page_of_people_breaks_the_policy(academy: Academy, now, watched) -> None:
    bob = academy.add_facilitator("Bob", "B")
    alice = academy.add_member("Alice", "A")
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    book_visit(alice.pk, home_meeting_id=home, host_meeting_id=host, now=now)
    signed_out = watched(None)
    for path in ("/sign-in/", "/password/", "/admin/login/", "/nothing/", "/api/docs/"):
        signed_out.visit(path)
    expect(signed_out.page.get_by_role("heading", name="Lens")).to_be_visible(timeout=20_000)
    expect(signed_out.page.get_by_text("/api/users/me/meetings")).to_be_visible(timeout=20_000)
    signed_out.visit("/sign-in/")
    learner = watched(alice)
    second = academy.meeting("A", 2).pk
    for path in ("", "zone/", "messages/", "calendar/", "set-up/", f"{second}/alternatives/"):
        learner.visit(f"/meetings/{path}")
    learner.visit("/meetings/set-up/1000/")
    facilitator = watched(bob)
    group = f"/groups/{academy.groups['B'].pk}/"
    for path in ("/groups/", group, f"{group}add/", f"{group}meetings/{host}/reschedule/"):
        facilitator.visit(path)


def admin_pages(rows: dict[str, Any]) -> list[str]:
    found = []
    for model in site._registry:
        place = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        found += [place, f"{place}{rows[model._meta.label_lower]}/change/", f"{place}add/"]
    return found


MAIN = (
    "/admin/cohorts/cohort/",
    "/admin/cohorts/group/",
    "/admin/cohorts/membership/add/",
    "/admin/outbox/messagekind/",
    "/admin/guestvisits/guestvisit/",
)


@pytest.mark.parametrize("every", [False, pytest.param(True, marks=pytest.mark.matrix)])
def test_a10_no_page_of_staff_breaks_the_policy(
    academy: Academy, now, watched, every: bool
) -> None:
    olga = academy.add_person("Olga", is_staff=True, is_superuser=True)
    alice = academy.add_member("Alice", "A")
    home, host = academy.meeting("A").pk, academy.meeting("B").pk
    book_visit(alice.pk, home_meeting_id=home, host_meeting_id=host, now=now)
    rows = make_rows(list(MODELS))
    staff = watched(olga)
    cohort, group = academy.cohort.pk, academy.groups["A"].pk
    meeting = academy.meeting("A").pk
    pages = [
        "/admin/",
        f"/admin/cohorts/cohort/{cohort}/change/",
        f"/admin/cohorts/group/{group}/change/",
        f"/admin/cohorts/user/{olga.pk}/change/",
        f"/admin/outbox/message/{rows['outbox.message']}/change/",
        "/admin/outbox/messagekind/reminder/preview/",
        f"/admin/sync/cohorts/{cohort}/progress/",
        f"/admin/meetings/meeting/{meeting}/move/reschedule/",
        "/admin/cohorts/cohort/roster/",
        "/admin/nothing/",
    ]
    for path in pages + list(admin_pages(rows) if every else MAIN):
        staff.visit(path)
    staff.visit("/admin/cohorts/membership/add/")
    staff.page.locator("#id_user + .select2").click()
    expect(staff.page.get_by_role("option", name="Alice")).to_be_visible()
