"""Nobody sees a button of the Today page that they may not use."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from cohorts.models import Membership, User
from meetings.rsvps import set_rsvp
from tests.lens.desk.conftest import TodayPage
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.staff import sign_in_with

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
BUTTON = re.compile(r"<(?:a|button)\b[^>]*class=\"button[^>]*>([^<]+)<")
SEE = (
    "view_cohort", "view_group", "view_membership", "view_meeting", "view_attendance",
    "view_guestvisit",
)  # fmt: skip


@pytest.fixture
def academy(set_clock: SetClock) -> Academy:
    """Group A has no facilitator, B's declined, Ann has no address, and A is thin."""
    set_clock(NOW)
    academy = Academy(NOW, groups="AB", meetings=3)
    for group in "AB":
        academy.add_facilitator(f"Fay {group}", group, discord_id=200000000000000000 + ord(group))
        for number in range(3):
            academy.add_member(f"{group}nn{number}", group)
    Membership.objects.filter(user__name="Fay A").update(status="dropped", left_at=NOW)
    set_rsvp(academy.meeting("B").pk, User.objects.get(name="Fay B").pk, "not_attending", now=NOW)
    User.objects.filter(name="Ann0").update(email=None)
    return academy


def read(client: Client) -> TodayPage:
    answer = client.get("/admin/today/")
    assert answer.status_code == 200
    return TodayPage(answer.content.decode())


def buttons(page: TodayPage) -> list[str]:
    return BUTTON.findall(page.html.partition('id="content-main"')[2])


def test_a_viewer_sees_every_item_and_no_button(academy):
    page = read(sign_in_with(*SEE))
    assert page.items == ["no_facilitator", "no_mail"]
    assert buttons(page) == []
    assert "Snooze" not in page.html
    row = page.meeting(academy.meeting("A"))
    assert re.findall(r"<a [^>]+>([^<]+)</a>", row) == ["Open"]


def test_each_button_comes_with_its_permissions(academy):
    page = read(sign_in_with(*SEE, "add_membership", "add_user", "change_meeting"))
    assert buttons(page) == ["Add facilitator"]
    row = page.meeting(academy.meeting("A"))
    assert re.findall(r"<a [^>]+>([^<]+)</a>", row) == ["Move", "Cancel", "Open"]


def test_whoever_may_change_cohorts_may_snooze(academy):
    page = read(sign_in_with(*SEE, "change_cohort"))
    assert buttons(page) == ["Snooze", "Snooze"]


@pytest.mark.parametrize("lacking", SEE)
def test_the_page_is_for_staff_who_may_see_all_that_it_shows(academy, lacking):
    client = sign_in_with(*(name for name in SEE if name != lacking))
    assert client.get("/admin/today/").status_code == 403


def test_every_link_of_a_viewers_page_opens(academy):
    client = sign_in_with(*SEE)
    html = read(client).html.partition('id="content-main"')[2]
    links = set(re.findall(r'<a [^>]*href="(/[^"#]+)', html))
    assert len(links) > 3
    assert {link: client.get(link).status_code for link in links} == dict.fromkeys(links, 200)


def test_a_viewer_may_not_snooze(academy):
    client = sign_in_with(*SEE)
    said = {"item": f"no_mail:{academy.cohort.pk}", "until": str((NOW + timedelta(days=2)).date())}
    assert client.post("/admin/today/snooze/", said).status_code == 403
    assert client.post("/admin/today/show-again/", said).status_code == 403
