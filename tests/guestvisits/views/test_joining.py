"""`/meetings/groups/`: join or switch with one confirmation, on a desktop and on a phone."""

from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from cohorts.models import Cohort, Group, Membership
from cohorts.services.groups import end_group
from guestvisits.services.booking import book_visit
from tests.guestvisits.views.test_browser import DESK, PHONE, open_as  # noqa: F401 - a fixture
from tests.support.academy import Academy
from tests.support.accessibility import check_page


@pytest.fixture
def academy(db, now) -> Academy:
    until = now.date() + timedelta(days=2)
    return Academy(now, groups="ABC", is_joinable=True, switching_until=until)


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("size", [pytest.param(DESK, marks=pytest.mark.matrix), PHONE])
def test_a_learner_switches_with_one_confirmation(open_as, academy, now, size):  # noqa: F811
    alice = academy.add_member("Alice", "A", timezone="Europe/Berlin")
    for name in ("Ben", "Cora", "Dan"):
        academy.add_member(name, "B")
    ids = academy.meeting("A").pk, academy.meeting("B").pk
    book_visit(alice.pk, home_meeting_id=ids[0], host_meeting_id=ids[1], now=now)
    page = open_as(alice, viewport=size)
    page.get_by_role("link", name="Choose your group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Choose your group")
    expect(page.get_by_role("article", name="Group A")).to_contain_text("your group")
    choice = page.get_by_role("article", name="Group B")
    expect(choice).to_contain_text("best size")
    expect(choice).to_contain_text("Europe/Berlin")
    check_page(page, f"join-{size['width']}-1-choice")
    choice.get_by_role("button", name="Switch to this group").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Switch to Group B?")
    expect(page.get_by_role("main")).to_contain_text(
        "Your visit to Group B in week 1 ends: the group becomes your own."
    )
    check_page(page, f"join-{size['width']}-2-confirm")
    assert Membership.objects.get(user=alice).group.name == "Group A"  # so far only asked
    page.get_by_role("button", name="Switch to Group B").click()
    expect(page.get_by_role("status")).to_contain_text("You're in Group B now.")
    check_page(page, f"join-{size['width']}-3-joined")
    assert Membership.objects.get(user=alice, status="active").group.name == "Group B"


@pytest.mark.django_db
def test_who_comes_too_late_is_told_why_and_stays(academy, now):
    alice, client = academy.add_member("Alice", "A"), Client()
    client.force_login(alice)
    path = f"/meetings/groups/{academy.groups['B'].pk}/"
    assert "Switch to Group B" in client.get(path).content.decode()
    Group.objects.filter(name="Group B").update(size=0)
    for answer in (client.get(path, follow=True), client.post(path, follow=True)):
        assert answer.redirect_chain == [("/meetings/groups/", 302)]
        assert "Group B is full. Choose another group." in answer.content.decode()
    Cohort.objects.update(switching_until=None)
    answer = client.post(path, follow=True)
    assert "You have a group, and switching is closed." in answer.content.decode()
    assert "Choose your group</a>" not in client.get("/meetings/").content.decode()
    assert Membership.objects.get(user=alice, status="active").group.name == "Group A"


@pytest.mark.django_db
def test_a_learner_whose_group_was_merged_joins_another(academy, now):
    alice, client = academy.add_member("Alice", "A"), Client()
    client.force_login(alice)
    end_group(academy.groups["A"].pk, status="merged", now=now)
    page = client.get("/meetings/groups/").content.decode()
    assert "You have no group at the moment." in page
    assert "Group A" not in page
    answer = client.post(f"/meetings/groups/{academy.groups['C'].pk}/", follow=True)
    assert "You&#x27;re in Group C now." in answer.content.decode()
