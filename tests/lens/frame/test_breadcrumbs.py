"""Breadcrumbs have one form on all staff pages: from Today to the page, which is no link."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.test import Client

from cohorts.models import Membership
from tests.support.academy import Academy

CRUMBS = re.compile(r'<nav aria-label="Breadcrumbs">(.*?)</nav>', re.DOTALL)


NOW = datetime(2027, 1, 12, 12, 0, tzinfo=UTC)


@pytest.fixture
def academy(db: None) -> Academy:
    return Academy(NOW, groups="A")


def crumbs_of(client: Client, address: str) -> str:
    """Return the breadcrumbs as words; links are in brackets."""
    page = client.get(address)
    assert page.status_code == 200
    found = CRUMBS.search(page.content.decode())
    html = re.sub(r"<a [^>]*>(.*?)</a>", r"[\1]", found[1]) if found else ""
    return " ".join(re.sub(r"<[^>]+>", "", html).replace("&rsaquo;", ">").split())


def test_each_page_begins_with_today_and_ends_with_itself(admin_client, academy):
    cohort, group = academy.cohort, academy.groups["A"]
    ann = academy.add_member("Ann", "A")
    way = f"[Today] > [Cohorts] > [{cohort}]"
    assert crumbs_of(admin_client, "/admin/") == ""
    assert crumbs_of(admin_client, "/admin/cohorts/cohort/") == "[Today] > Cohorts"
    assert crumbs_of(admin_client, "/admin/cohorts/group/") == "[Today] > [Cohorts] > Groups"
    assert crumbs_of(admin_client, f"/admin/cohorts/{cohort.pk}/") == way.replace(
        f"[{cohort}]", str(cohort)
    )
    settings = f"/admin/cohorts/cohort/{cohort.pk}/change/"
    assert crumbs_of(admin_client, settings) == f"{way} > Settings"
    not_joined = f"/admin/discordsync/discordobject/cohorts/{cohort.pk}/not-joined/"
    assert crumbs_of(admin_client, not_joined) == f"{way} > Not joined: {cohort}"
    assert crumbs_of(admin_client, f"/groups/{group.pk}/") == f"{way} > {group}"
    add = f"/admin/meetings/meeting/of-group/{group.pk}/add/"
    assert crumbs_of(admin_client, add) == f"{way} > [{group}] > Add an extra session for {group}"
    assert crumbs_of(admin_client, f"/admin/people/{ann.pk}/") == f"[Today] > [People] > {ann}"
    assert crumbs_of(admin_client, "/admin/operations/") == "[Today] > Operations"
    runs = crumbs_of(admin_client, "/admin/sync/syncrun/")
    assert re.fullmatch(r"\[Today\] > \[Operations\] > [\w ]+", runs)


def test_they_link_to_nothing_that_the_reader_may_not_open(staff_with, academy):
    client = staff_with("cohorts.view_membership")
    academy.add_member("Ann", "A")
    page = f"/admin/cohorts/membership/{Membership.objects.get().pk}/change/"
    assert crumbs_of(client, page) == "[People] > [Memberships] > Ann in Group A"


def test_those_who_may_only_delete_a_row_get_no_link_to_it(staff_with, academy):
    ann = academy.add_member("Ann", "A")
    client = staff_with("cohorts.delete_user")
    assert str(ann) not in crumbs_of(client, f"/admin/cohorts/user/{ann.pk}/delete/")
