"""Staff add a person and move several in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cohorts.models import Membership, User
from tests.support.accessibility import both_sizes, check_page

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("without_providers"),
]


@pytest.mark.matrix
@both_sizes
def test_staff_add_a_person_from_the_page_of_a_group(size, open_page, academy):
    page = open_page(size, f"/groups/{academy.groups['B'].pk}/")
    check_page(page, f"add-{size}-0-group")
    page.get_by_role("link", name="Add a person").click()
    expect(page.get_by_role("combobox", name="Group")).to_have_value(str(academy.groups["B"].pk))
    page.get_by_label("Name").fill("Dora")
    page.get_by_label("E-mail").fill("Dora@example.org")
    check_page(page, f"add-{size}-1-form")
    page.get_by_role("button", name="Add person").click()
    expect(page.get_by_text("Dora is added to Group B.")).to_be_visible()
    check_page(page, f"add-{size}-2-added")
    dora = User.objects.get(email="dora@example.org")
    assert [one.group.name for one in dora.memberships.all()] == ["Group B"]


@both_sizes
def test_staff_move_several_people_from_the_list(size, open_page, academy):
    page = open_page(size, "/admin/cohorts/membership/?status__exact=active")
    check_page(page, f"move-{size}-0-list")
    chosen = {name: Membership.objects.get(user__name=name) for name in ("Ann", "Ali")}
    for membership in chosen.values():
        page.locator(f'input.action-select[value="{membership.pk}"]').check()
    page.get_by_role("combobox", name="Action").select_option(
        "Move selected members to another group"
    )
    page.get_by_role("button", name="Go").click()
    expect(page.get_by_text("Ann, now participant of Group A")).to_be_visible()
    check_page(page, f"move-{size}-1-choice")
    page.get_by_role("button", name="Choose Group C").click()

    expect(page.get_by_role("heading", name="To Group C")).to_be_visible()
    check_page(page, f"move-{size}-2-preview")
    assert all(one.group.name == "Group A" for one in chosen.values())
    page.get_by_role("button", name="Move", exact=True).click()
    expect(page.get_by_role("listitem").filter(has_text="Group C").first).to_be_visible()
    check_page(page, f"move-{size}-3-moved")
    now_in = Membership.objects.filter(user__name__in=chosen, status="active")
    assert {one.group.name for one in now_in} == {"Group C"}
