"""The page of a group as staff see it: the facilitators' page in their frame, with their acts."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import Group, User
from meetings.access import SEE_GROUP
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

MOST_QUERIES, MOST_BYTES = 20, 150_000
STAFF_ACTS = [
    "Change weekly time",
    "Add an extra session",
    "Add a person",
    "Move people",
    "Merge into…",
    "End…",
    "Activity",
    "Settings",
]


@pytest.fixture
def academy(db: None) -> Academy:
    academy = Academy(clock.now().replace(minute=0, second=0, microsecond=0), meetings=8)
    academy.add_facilitator("Fay", "A")
    for n in range(6):
        academy.add_member(f"Ana{n}", "A")
    return academy


def staff_with(*permissions: str) -> Client:
    person = User.objects.create_user("vic@example.org", name="Vic", is_staff=True)
    names = [name.split(".") for name in permissions]
    person.user_permissions.set(
        Permission.objects.get(content_type__app_label=app, codename=name) for app, name in names
    )
    client = Client()
    client.force_login(person)
    return client


def acts_on(html: str) -> list[str]:
    tools = html.partition('class="object-tools"')[2].partition("</ul>")[0]
    return re.findall(r">([^<]+)</a>", tools)


def open_group(client: Client, group: Group) -> str:
    answer = client.get(f"/groups/{group.pk}/")
    assert answer.status_code == 200
    return answer.content.decode()


def test_staff_see_their_frame_their_acts_and_the_status_of_the_sync(admin_client, academy):
    page = open_group(admin_client, academy.groups["A"])
    assert 'class="frame-side"' in page
    assert acts_on(page) == STAFF_ACTS
    assert "People and their access" in page
    assert "Upcoming meetings" in page


def test_facilitators_see_the_same_meetings_in_their_own_frame_without_staffs_acts(academy):
    client = Client()
    client.force_login(User.objects.get(name="Fay"))
    page = open_group(client, academy.groups["A"])
    assert 'class="frame-side"' not in page
    assert acts_on(page) == []
    assert "Sync status" not in page
    assert "Move…" not in page
    assert "Upcoming meetings" in page


def test_staff_see_only_the_acts_that_they_may_carry_out(academy):
    page = open_group(staff_with(*SEE_GROUP), academy.groups["A"])
    assert acts_on(page) == ["Settings"]
    assert "Move…" not in page
    assert ">Cancel</a>" not in page


def test_a_group_that_has_ended_offers_only_its_activity_and_settings(admin_client, academy):
    Group.objects.filter(pk=academy.groups["A"].pk).update(status="completed", ended_at=clock.now())
    assert acts_on(open_group(admin_client, academy.groups["A"])) == ["Activity", "Settings"]


def test_a_group_without_a_weekly_time_offers_no_change_of_it(admin_client, academy):
    Group.objects.filter(pk=academy.groups["A"].pk).update(weekday=None, start_time=None)
    assert "Change weekly time" not in acts_on(open_group(admin_client, academy.groups["A"]))


def test_each_act_opens_its_page(admin_client, academy):
    page = open_group(admin_client, academy.groups["A"])
    tools = page.partition('class="object-tools"')[2].partition("</ul>")[0]
    links = re.findall(r'href="([^"]+)"', tools)
    assert len(links) == len(STAFF_ACTS)
    for link in links:
        assert admin_client.get(link.replace("&amp;", "&")).status_code == 200, link


def test_staff_who_may_read_only_groups_are_led_to_the_settings(academy):
    pk = academy.groups["A"].pk
    answer = staff_with("cohorts.view_group").get(f"/groups/{pk}/")
    assert answer.headers["Location"] == f"/admin/cohorts/group/{pk}/change/"


def test_the_page_takes_at_most_20_queries_and_150_kb(academy):
    client = staff_with(*(f"{p.content_type.app_label}.{p.codename}" for p in _all_permissions()))
    costs = []
    for more in (0, 12):
        for n in range(more):
            academy.add_member(f"Bea{n}", "A")
        open_group(client, academy.groups["A"])
        with CaptureQueriesContext(connection) as queries:
            page = open_group(client, academy.groups["A"])
        costs.append(len([q for q in queries if "clock_offset" not in q["sql"]]))
    assert costs[0] == costs[1] <= MOST_QUERIES
    assert len(page.encode()) < MOST_BYTES


def _all_permissions() -> list[Permission]:
    return list(Permission.objects.select_related("content_type"))
