"""Staff merge two groups in a real browser: ticks, preview, confirmation."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from cohorts.models import CohortStep, Membership, User
from cohorts.steps.tasks import carry_out_due
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from tests.support.academy import Academy
from tests.support.accessibility import both_sizes, check_page, tab_to

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]


@pytest.fixture(autouse=True)
def visit(academy: Academy) -> GuestVisit:
    """Cleo visits group A in week 2."""
    home, host = academy.meeting("C", 2).pk, academy.meeting("A", 2).pk
    cleo = User.objects.get(name="Cleo")
    return book_visit(cleo.pk, home_meeting_id=home, host_meeting_id=host, now=academy.now)


def groups_of(name: str) -> list[str]:
    active = Membership.objects.filter(user__name=name, status="active")
    return sorted(active.values_list("group__name", flat=True))


@both_sizes
def test_staff_merge_a_group_into_another_with_its_facilitator(
    size, open_page, academy, cohort_page
):
    page = open_page(size, cohort_page)
    page.get_by_role("link", name="Merge into…: Group A").click()
    page.get_by_label("This group ends").select_option(str(academy.groups["A"].pk))
    page.get_by_label("Its people join").select_option(str(academy.groups["B"].pk))
    page.get_by_label("Its facilitators come along").check()
    check_page(page, f"merge-{size}-1-form")
    page.get_by_role("button", name="Preview").click()

    expect(page.get_by_text("Fay: facilitator")).to_be_visible()
    expect(page.get_by_text("Cleo visits Group B")).to_be_visible()
    check_page(page, f"merge-{size}-2-preview")
    page.get_by_role("button", name="Edit").click()
    expect(page.get_by_label("Its facilitators come along")).to_be_checked()
    page.get_by_label("Its guests visit the other group").uncheck()
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Cleo's visit ends.")).to_be_visible()
    page.get_by_role("button", name="Merge these groups").click()

    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    check_page(page, f"merge-{size}-3-waiting")
    assert groups_of("Ann") == ["Group A"], "nothing before it is due"
    carry_out_due(CohortStep.objects.get().due_at)
    page.reload()
    check_page(page, f"merge-{size}-4-done")
    moved = {name: groups_of(name) for name in ("Ann", "Ali", "Fay", "Bea")}
    assert moved == {name: ["Group B"] for name in moved}


@pytest.mark.matrix
def test_the_keyboard_alone_merges_two_groups(open_page, academy, cohort_page):
    page: Page = open_page("desktop", cohort_page)
    press, write = page.keyboard.press, page.keyboard.type
    tab_to(page.get_by_role("link", name="Skip to main content"))
    press("Enter")
    tab_to(page.get_by_role("link", name="Merge into…: Group A"))
    press("Enter")
    expect(page.get_by_role("button", name="Preview")).to_be_visible()
    tab_to(page.get_by_label("This group ends"))
    write("Group A")
    tab_to(page.get_by_label("Its people join"))
    write("Group B")
    tab_to(page.get_by_label("Its facilitators come along"))
    press("Space")
    tab_to(page.get_by_role("button", name="Preview"))
    press("Enter")
    expect(page.get_by_text("Fay: facilitator")).to_be_visible()
    tab_to(page.get_by_role("button", name="Merge these groups"))
    press("Enter")
    expect(page.get_by_text("Until then you can undo it")).to_be_visible()
    params = CohortStep.objects.get().params
    assert (params["source_id"], params["target_id"], params["facilitators_come"]) == (
        academy.groups["A"].pk,
        academy.groups["B"].pk,
        True,
    )
