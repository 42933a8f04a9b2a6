"""Correcting who was there in Chromium: by keyboard, on a phone, with and without JavaScript."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from cohorts.models import Membership
from meetings.models import Attendance, Meeting
from tests.guestvisits.views.test_browser import PHONE, open_as  # noqa: F401 - a fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def held(academy, now) -> Meeting:
    """Bob's group met this morning; Carol's name is a long one."""
    academy.add_facilitator("Bob", "B")
    academy.add_member("Carol", "B", nickname="Carolina-Wilhelmina of the Long-Named Family")
    meeting = academy.meeting("B")
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(hours=3))
    Membership.objects.update(joined_at=now - timedelta(days=9))
    return meeting


def row_of(page: Page, name: str):
    return page.locator("#week-1").get_by_role("row", name=name)


@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.matrix)])
def test_a_facilitator_corrects_it_on_a_phone(open_as, held, javascript):  # noqa: F811
    bob = Membership.objects.get(user__name="Bob").user
    path = f"/groups/{held.group_id}/"
    page = open_as(bob, path, viewport=PHONE, java_script_enabled=javascript)
    row_of(page, "Carolina").locator("summary").click()
    row_of(page, "Carolina").get_by_role("button", name="Was there", exact=True).click()
    expect(row_of(page, "Carolina")).to_contain_text("corrected by Bob")
    assert Attendance.objects.get(user__name="Carol").presence == "present"
    main = page.locator("main").bounding_box()
    assert main["x"] + main["width"] <= PHONE["width"]


@pytest.mark.matrix
def test_by_keyboard_the_focus_stays_where_it_was(open_as, held):  # noqa: F811
    bob = Membership.objects.get(user__name="Bob").user
    page = open_as(bob, f"/groups/{held.group_id}/")
    page.evaluate("window.sameDocument = true")
    summary = row_of(page, "Carolina").locator("summary")
    summary.focus()
    for key in ("Enter", "Tab", "Tab", "Enter"):
        page.keyboard.press(key)
    expect(row_of(page, "Carolina")).to_contain_text("was not there corrected by Bob")
    expect(row_of(page, "Carolina").locator("summary")).to_be_focused()
    expect(summary).to_have_accessible_description("was not there corrected by Bob")
    assert page.evaluate("window.sameDocument") is True
