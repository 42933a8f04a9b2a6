"""The frame in a browser: sidebar, folding menu, search, light and dark, without JavaScript."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.support.accessibility import SIZES, both_sizes, check_page, tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PAGES = {
    "today": "/admin/",
    "operations": "/admin/operations/",
    "search": "/admin/search/?q=a",
    "groups": "/admin/cohorts/group/",
}


@both_sizes
def test_axe_finds_nothing_on_the_pages_of_the_frame(open_page, academy, size):
    for name, path in PAGES.items():
        check_page(open_page(size, path), f"frame-{name}-{size}")


LINES = "one => { const range = document.createRange(); range.selectNodeContents(one); \
    return range.getClientRects().length; }"


def test_on_a_narrow_phone_the_headings_of_the_objectives_stay_whole(open_page, academy):
    page = open_page("phone", "/admin/operations/")
    page.set_viewport_size({"width": 360, "height": 740})
    headings = page.get_by_role("table", name="Objectives").get_by_role("columnheader")
    assert [one.evaluate(LINES) for one in headings.all()] == [1, 1, 1, 1]


def test_a_person_is_found_from_every_page_with_the_keyboard_alone(open_page, academy):
    page = open_page("desktop", "/admin/cohorts/group/")
    box = page.get_by_role("searchbox", name="Search everything")
    tab_to(box)
    page.keyboard.type("ann")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Search", exact=True)).to_be_visible()
    page.get_by_role("link", name="Ann", exact=True).click()
    expect(page.get_by_role("heading", name="Ann", exact=True)).to_be_visible()


@pytest.fixture
def phone_without_scripts(olgas_page: Page, browser: Browser, live_server) -> Iterator[Page]:
    width, height = SIZES["phone"]
    context = browser.new_context(
        java_script_enabled=False,
        viewport={"width": width, "height": height},
        storage_state=olgas_page.context.storage_state(),
    )
    page = context.new_page()
    page.goto(f"{live_server.url}/admin/cohorts/cohort/")
    yield page
    context.close()


def test_on_a_phone_the_menu_folds_and_works_without_javascript(phone_without_scripts, academy):
    page = phone_without_scripts
    people = page.get_by_role("link", name=re.compile("People"))
    expect(people).to_be_hidden()
    page.get_by_text("Menu").click()
    expect(people).to_be_visible()
    people.click()
    expect(page.get_by_role("heading", name="People", level=1)).to_be_visible()
    expect(people.first).to_be_hidden()
