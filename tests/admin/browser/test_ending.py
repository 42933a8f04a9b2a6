"""Staff end a cohort in a real browser: preview, own letter, confirmation, Undo, and reopening."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cohorts.models import Cohort, CohortStep, Group
from cohorts.steps.tasks import carry_out_due
from guestvisits.services.booking import book_visit
from tests.support.accessibility import both_sizes, check_page, tab_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]


def statuses() -> set[str]:
    return {*Cohort.objects.values_list("status", flat=True)} | {
        *Group.objects.values_list("status", flat=True)
    }


@pytest.mark.matrix
@both_sizes
def test_staff_end_a_cohort_with_their_own_letter_and_undo_it(
    size, open_page, academy, cohort_page
):
    bea = academy.groups["B"].memberships.get(user__name="Bea").user
    home, host = academy.meeting("B", 2).pk, academy.meeting("A", 2).pk
    book_visit(bea.pk, home_meeting_id=home, host_meeting_id=host, now=academy.now)
    page = open_page(size, cohort_page)
    check_page(page, f"end-{size}-0-cohort")
    page.get_by_role("link", name="End cohort").click()
    page.get_by_label("Reason").fill("too few people")
    check_page(page, f"end-{size}-1-form")
    page.get_by_role("button", name="Preview").click()

    letter = page.locator(".lens-letter")
    expect(letter).to_contain_text("too few people")
    page.get_by_label("Text of the letter").fill("{cohort} is over\nThank you, {name}!\n{visits}")
    page.get_by_label("As read by").select_option("Bea")
    page.get_by_role("button", name="Show letter").click()
    expect(letter).to_contain_text("Thank you, Bea!")
    check_page(page, f"end-{size}-2-preview")
    assert not CohortStep.objects.exists()
    page.get_by_role("button", name="End it").click()

    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    check_page(page, f"end-{size}-3-waiting")
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone. Nothing was changed")).to_be_visible()
    check_page(page, f"end-{size}-4-undone")
    step = CohortStep.objects.get()
    assert (step.state, step.letter) == (
        "undone",
        "{cohort} is over\nThank you, {name}!\n{visits}",
    )
    assert statuses() == {"open", "active"}


@pytest.mark.matrix
@both_sizes
def test_staff_reopen_a_cohort_that_has_ended(size, open_page, academy, cohort_page):
    page = open_page(size, f"/admin/cohorts/cohort/{academy.cohort.pk}/steps/end/")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="End it").click()
    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    step = CohortStep.objects.get()
    carry_out_due(step.due_at)
    assert statuses() == {"completed"}

    page.reload()
    check_page(page, f"reopen-{size}-1-ended")
    page.get_by_role("link", name="Undo").click()
    expect(page.get_by_text("Groups that go on")).to_be_visible()
    check_page(page, f"reopen-{size}-2-preview")
    page.get_by_role("button", name="Reopen").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Reopen")
    carry_out_due(CohortStep.objects.get(kind="reopen").due_at)
    page.reload()
    check_page(page, f"reopen-{size}-3-done")
    assert statuses() == {"open", "active"}


def test_the_keyboard_alone_ends_a_cohort_as_cancelled(open_page, academy, cohort_page):
    page: Page = open_page("desktop", cohort_page)
    press, write = page.keyboard.press, page.keyboard.type
    tab_to(page.get_by_role("link", name="Skip to main content"))
    press("Enter")
    tab_to(page.get_by_role("link", name="End cohort"))
    press("Enter")
    expect(page.get_by_role("button", name="Preview")).to_be_visible()
    tab_to(page.get_by_label("Completed"))
    press("ArrowDown")
    expect(page.get_by_label("Cancelled")).to_be_checked()
    tab_to(page.get_by_label("Reason"))
    write("nobody comes")
    tab_to(page.get_by_role("button", name="Preview"))
    press("Enter")
    tab_to(page.get_by_label("Text of the letter"))
    press("Control+End")
    write("\nGoodbye, {name}.")
    tab_to(page.get_by_label("As read by"))
    write("Cleo")
    tab_to(page.get_by_role("button", name="Show letter"))
    press("Enter")
    expect(page.locator(".lens-letter")).to_contain_text("Goodbye, Cleo.")
    tab_to(page.get_by_role("button", name="End it"))
    press("Enter")
    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    step = CohortStep.objects.get()
    assert (step.params["status"], step.reason) == ("cancelled", "nobody comes")
    assert step.letter.endswith("\nGoodbye, {name}.")
