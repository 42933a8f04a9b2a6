"""Jobs about what was changed outside, from Today, with the clicks counted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from playwright.sync_api import expect

from cohorts.reconcile.services import resync
from cohorts.reconcile.workers.heartbeats import record_heartbeat
from tests.lens.desk.test_browser import Clicks
from tests.support.accessibility import SIZES, check_page
from tests.support.cohort import MadeCohort, join, make_cohort, realize, work

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]


def at_work(do: Callable[[], None]) -> None:
    """Do something and what follows from it, in another thread: a browser's loop runs in this one,
    and a worker starts its own."""

    def run() -> None:
        try:
            do()
            resync("discord")
            work("discord")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as other:
        other.submit(run).result()


def find_channel(sandbox, name: str) -> str:
    channels = sandbox.get("state")["discord"]["channels"]
    return next((pk for pk, one in channels.items() if one["name"] == name), "")


@pytest.fixture
def changed(only_discord, sandbox) -> MadeCohort:
    """Of two groups of two, the first one's channel was deleted, the second one's renamed."""
    found: list[MadeCohort] = []

    def build() -> None:
        made = make_cohort(groups=2, members=2)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        found.append(made)
        record_heartbeat("tests")  # no item follows from a worker that is silent

    def change() -> None:
        deleted, renamed = find_channel(sandbox, "group-1"), find_channel(sandbox, "group-2")
        sandbox.post("delete", {"kind": "channel", "id": deleted})
        sandbox.post("edit", {"kind": "channel", "id": renamed, "fields": {"name": "cafe"}})

    at_work(build)
    at_work(change)
    return found[0]


def test_jobs_28_and_29_recreating_takes_two_clicks_and_keeping_a_name_one(
    open_page, sandbox, changed
):
    clicks = Clicks()
    page = open_page("desktop", "/admin/today/")
    clicks(page.get_by_role("link", name="Recreate or forget"))
    expect(page.get_by_text("2 people in the server get access")).to_be_visible()
    clicks(page.get_by_role("button", name="Carry out what is chosen"))
    expect(page.get_by_text("1 choice saved.")).to_be_visible()
    assert clicks.count == 2
    expect(page.get_by_role("link", name="Recreate or forget")).to_have_count(0)
    at_work(lambda: None)
    assert find_channel(sandbox, "group-1")

    clicks = Clicks()
    clicks(page.get_by_role("button", name="Keep as is"))
    expect(page.get_by_text("1 choice saved.")).to_be_visible()
    expect(page.locator(".desk-need", has_text="cafe")).to_have_count(0)
    assert clicks.count == 1
    at_work(lambda: None)
    assert find_channel(sandbox, "cafe")
    page.reload()
    expect(page.locator(".desk-need", has_text="cafe")).to_have_count(0)


@pytest.mark.matrix
def test_axe_finds_nothing_on_the_page_in_any_size(open_page, changed):
    for size in SIZES:
        page = open_page(size, "/admin/drift/")
        expect(page.get_by_role("heading", name="Deleted outside")).to_be_visible()
        check_page(page, f"drift-{size}")
