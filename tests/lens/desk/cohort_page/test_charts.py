"""The charts of a cohort's page: their tables hold what the database holds."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from playwright.sync_api import Page

from cohorts.models import AccessState, Cohort, Group, Membership, User
from cohorts.reconcile.models import ProviderState
from cohorts.words import abbreviate_date
from discordsync.bot.models import GuildMembership
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy
from tests.support.accessibility import SIZES, check_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
BEGAN = NOW - 13 * DAY  # weeks 1 and 2 are over


@pytest.fixture
def academy() -> Academy:
    """Ann, Bob and Fay came to week 1, Ann and Fay to week 2; Ann and Bob answered week 3; Ned has
    not joined."""
    academy = Academy(BEGAN, groups="A")
    for n, name in enumerate(("Ann", "Bob", "Ned")):
        academy.add_member(name, "A", discord_id=200000000000000000 + n)
    academy.add_facilitator("Fay", "A")
    Membership.objects.update(joined_at=BEGAN)
    for week, there in ((1, ("Ann", "Bob", "Fay")), (2, ("Ann", "Fay"))):
        meeting = academy.meeting("A", week)
        for person in User.objects.filter(memberships__group=meeting.group_id):
            seen_at = meeting.starts_at if person.name in there else None
            Attendance.objects.create(
                meeting=meeting, user=person, checked_in_at=seen_at, not_seen=seen_at is None
            )
    for name, rsvp in (("Ann", "attending"), ("Bob", "not_attending")):
        set_rsvp(academy.meeting("A", 3).pk, User.objects.get(name=name).pk, rsvp, now=NOW)
    for person in User.objects.exclude(discord_id=None):
        AccessState.objects.create(
            user=person,
            group=academy.groups["A"],
            provider="discord",
            state="not_joined" if person.name == "Ned" else "granted",
        )
    ProviderState.objects.create(provider="discord", last_seen_at=NOW + timedelta(hours=1))
    return academy


def open_tab(client: Client, academy: Academy, tab: str) -> str:
    answer = client.get(f"/admin/cohorts/{academy.cohort.pk}/{tab}/")
    assert answer.status_code == 200
    return answer.content.decode()


def read_table(html: str) -> list[list[str]]:
    """Return the rows of the chart's table."""
    figure = html.partition('<figure class="chart">')[2].partition("</figure>")[0]
    rows = figure.partition("<tbody>")[2].split("</tr>")[:-1]
    return [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in rows]


def test_the_chart_of_one_page_of_groups_says_that_it_is_of_these_only(manager, academy):
    part = "The chart counts the groups on this page."
    assert part not in open_tab(manager, academy, "calendar")
    for name in "BCDEFGH":
        Group.objects.create(cohort=academy.cohort, name=f"Group {name}")
    Cohort.objects.update(number_of_meetings=52)  # seven groups on a page
    assert part in open_tab(manager, academy, "calendar")


def test_attendance_of_each_week(manager, academy):
    assert read_table(open_tab(manager, academy, "attendance")) == [
        ["Week 1", "2", "0", "0", "1", "0", "3"],
        ["Week 2", "1", "0", "0", "2", "0", "3"],
    ]


def test_answers_by_week(manager, academy):
    Meeting.objects.filter(number=4).update(status="cancelled")
    rows = read_table(open_tab(manager, academy, "calendar"))
    assert [row[0] for row in rows] == ["Week 1", "Week 2", "Week 3"]
    assert rows[2] == ["Week 3", "1", "0", "1", "2", "4"]


def test_who_has_joined_at_the_end_of_each_week(manager, academy):
    bob = User.objects.get(name="Bob")  # when Ann joined was not seen
    GuildMembership.objects.create(user=bob, joined_at=NOW)
    now = [abbreviate_date(NOW.date()), "2", "2", "4"]
    assert read_table(open_tab(manager, academy, "people")) == [now]
    GuildMembership.objects.update(joined_at=NOW - 14 * DAY)
    rows = read_table(open_tab(manager, academy, "people"))
    assert [row[1:] for row in rows] == [["2", "2", "4"]] * 3
    assert rows[-1] == now


def test_without_data_there_is_a_sentence_in_place_of_the_chart(manager):
    academy = Academy(NOW, groups="A")
    academy.add_member("Ann", "A")
    for tab, said in (
        ("attendance", "appears after the first meeting"),
        ("calendar", "appears with the first answer"),
        ("people", "appears when the first person joins"),
    ):
        html = open_tab(manager, academy, tab)
        assert said in html
        assert "<figure" not in html


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_axe_finds_nothing_in_a_chart(page: Page, live_server, manager, academy):
    session = manager.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": session, "url": live_server.url}])
    page.goto(f"{live_server.url}/admin/cohorts/{academy.cohort.pk}/attendance/")
    page.locator(".chart summary").click()
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        check_page(page, f"chart-{size}")
