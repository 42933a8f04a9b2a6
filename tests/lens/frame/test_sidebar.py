"""The sidebar lists what the reader may open, and nothing else."""

from __future__ import annotations

import re

import pytest
from django.contrib import admin
from django.test import Client

from cohorts.models import User
from lens.frame.sidebar import SECTIONS, SEE_MESSAGES, SEE_TODAY, find_section, operations_tables

SIDE = re.compile(r'<nav class="frame-side".*?</nav>', re.DOTALL)
LINK = re.compile(r'<a href="([^"]+)"[^>]*>([^<]+)</a>')


def sidebar_of(client: Client, address: str) -> dict[str, str]:
    """Return the titles of the sidebar's links with their addresses."""
    page = client.get(address, follow=True)
    assert page.status_code == 200
    links = LINK.findall(SIDE.search(page.content.decode())[0])
    return {title: url for url, title in links}


def test_each_entry_that_is_shown_opens(staff_with):
    client = staff_with("cohorts.view_cohort", "cohorts.view_user", "outbox.view_message")
    shown = sidebar_of(client, "/admin/cohorts/cohort/")
    assert list(shown) == ["Cohorts", "People", "Messages"]
    assert {client.get(url).status_code for url in shown.values()} == {200}


def test_the_current_section_lists_its_tables(staff_with):
    client = staff_with("cohorts.view_cohort", "cohorts.view_group", "cohorts.view_user")
    assert "Groups" in sidebar_of(client, "/admin/cohorts/group/")
    assert "Groups" not in sidebar_of(client, "/admin/cohorts/user/")


def test_messages_begins_with_the_cohorts_for_those_who_may_open_them(staff_with):
    client = staff_with(*SEE_MESSAGES)
    shown = sidebar_of(client, "/admin/messages/")
    assert shown["By cohort"] == "/admin/messages/"
    assert "/admin/outbox/message/" in shown.values()


def test_operations_is_for_those_who_may_see_one_of_its_tables(staff_with):
    client = staff_with("cohorts.view_cohort", "sync.view_syncrun")
    assert "Operations" in sidebar_of(client, "/admin/cohorts/cohort/")
    page = client.get("/admin/operations/").content.decode()
    assert "/admin/sync/syncrun/" in page
    assert "/admin/sync/groupsync/" not in page


def test_operations_refuses_others(staff_with):
    assert staff_with("cohorts.view_cohort").get("/admin/operations/").status_code == 403


def test_the_start_page_leads_to_the_first_page_that_is_open(staff_with):
    client = staff_with("cohorts.view_user")
    assert client.get("/admin/").headers["Location"] == "/admin/cohorts/user/"


def test_staff_without_any_permission_read_whom_to_ask(staff_with):
    page = staff_with().get("/admin/")
    assert page.status_code == 200
    assert "You have no role yet" in page.content.decode()


def test_every_table_belongs_to_one_section():
    listed = [table for section in SECTIONS for table in section.tables]
    assert len(listed) == len(set(listed))
    registered = {model._meta.label_lower for model in admin.site._registry}
    assert set(listed) <= registered
    assert set(listed) | set(operations_tables()) == registered


@pytest.mark.parametrize(
    ("path", "section"),
    [
        ("/admin/", "today"),
        ("/admin/today/", "today"),
        ("/admin/cohorts/group/3/change/", "cohorts"),
        ("/groups/3/", "cohorts"),
        ("/admin/people/3/", "people"),
        ("/admin/sync/cohorts/3/progress/", "cohorts"),
        ("/admin/people/3/data/", "people"),
        ("/admin/outbox/message/", "messages"),
        ("/admin/messages/", "messages"),
        ("/admin/sync/groupsync/", "operations"),
        ("/admin/sync/check/", "operations"),
        ("/admin/django_q/ormq/", "operations"),
        ("/admin/search/", ""),
    ],
)
def test_a_page_belongs_to_a_section(path, section):
    assert find_section(path) == section


@pytest.mark.django_db
def test_the_sidebar_costs_no_query(django_assert_num_queries):
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", name="Olga"))
    with django_assert_num_queries(2):  # the session and the person
        assert client.get("/admin/search/").status_code == 200


def test_the_start_page_is_today_for_those_who_may_open_it(staff_with):
    client = staff_with(*SEE_TODAY)
    assert next(iter(sidebar_of(client, "/admin/"))) == "Today"
    page = client.get("/admin/")
    assert (page.status_code, page.context["title"]) == (200, "Today")
