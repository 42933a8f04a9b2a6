"""Job 30 of a programme manager, in a real browser, with the clicks counted."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page, expect

from cohorts.models import User
from tests.lens.desk.test_browser import Clicks
from tests.support.accessibility import SIZES, check_page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def today(page: Page, live_server: Any, client: Client, ana: User) -> Page:
    """Max's browser, signed in, at the Today page."""
    session = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"{live_server.url}/admin/today/")
    return page


def check_sizes(page: Page, name: str) -> None:
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        check_page(page, f"view-as-{name}-{size}")


def test_job_30_a_search_and_two_clicks_show_what_ana_sees(today, live_server, ana):
    page, clicks = today, Clicks()
    page.get_by_label("Search everything").fill("Ana")
    page.keyboard.press("Enter")
    clicks(page.locator("main, #content").get_by_role("link", name="Ana").first)
    clicks(page.get_by_role("button", name="View as Ana"))
    banner = page.get_by_role("complementary", name="View as")
    expect(banner).to_contain_text("You see Lens as Ana does. Nothing can be changed.")
    assert clicks.count == 2
    check_sizes(page, "meetings")

    page.get_by_role("button", name="I'll come").first.click()
    expect(page.get_by_text("Nothing was changed: you see Lens as Ana does")).to_be_visible()
    expect(banner).to_be_visible()
    page.get_by_role("link", name="Security").click()
    expect(page.get_by_text("This page is not shown while you see Lens as Ana")).to_be_visible()
    check_page(page, "view-as-refused")

    page.goto(f"{live_server.url}/admin/people/{ana.pk}/")  # staff pages say it too
    expect(banner).to_contain_text("the groups' pages as Ana does.")
    check_sizes(page, "person")
    banner.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="View as Ana")).to_be_visible()
    expect(banner).to_have_count(0)
