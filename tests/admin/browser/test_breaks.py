"""Staff skip weeks in a real browser: form, preview with a person's letter, confirmation, Undo."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from cohorts.models import CohortStep
from tests.support.academy import Academy
from tests.support.accessibility import SIZES, both_sizes, check_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]


@both_sizes
def test_staff_skip_a_week_read_a_letter_confirm_and_undo(size, olgas_page, live_server):
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    academy = Academy(now, groups="AB")
    academy.add_member("Ann", "A")
    academy.add_member("Bea", "B")
    page = olgas_page
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})

    page.goto(f"{live_server.url}/admin/cohorts/{academy.cohort.pk}/")
    page.get_by_role("link", name="Skip weeks").click()
    first = academy.meeting("A", 2).starts_at.date()
    page.get_by_label("First day without meetings").fill(first.isoformat())
    page.get_by_label("Last day without meetings").fill((first + timedelta(6)).isoformat())
    page.get_by_label("Reason").fill("winter break")
    check_page(page, f"break-{size}-1-form")
    page.get_by_role("button", name="Preview").click()

    letter = page.locator(".lens-letter")
    expect(letter).to_contain_text("winter break")
    page.get_by_label("Text of the letter").fill("No meetings {dates}\nSee you, {name}!")
    page.get_by_label("As read by").select_option("Bea")
    page.get_by_role("button", name="Show letter").click()
    expect(letter).to_contain_text("See you, Bea!")
    check_page(page, f"break-{size}-2-preview")
    page.get_by_role("button", name="Skip these dates").click()

    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    check_page(page, f"break-{size}-3-waiting")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Nothing was changed")).to_be_visible()
    step = CohortStep.objects.get()
    assert (step.state, step.letter) == ("undone", "No meetings {dates}\nSee you, {name}!")
