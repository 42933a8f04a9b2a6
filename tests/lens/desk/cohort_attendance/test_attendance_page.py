"""The tab Attendance: people by weeks, filters, the file, and what it costs."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import Cohort, Membership, User
from meetings.models import Attendance, Meeting
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

MOST_QUERIES = 20
MOST_BYTES = 150_000
DAY = timedelta(days=1)
NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
BEGAN = NOW - 40 * DAY


@pytest.fixture
def staff(db: None) -> Client:
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.user_permissions.set(Permission.objects.all())
    client = Client()
    client.force_login(person)
    return client


@pytest.fixture
def academy() -> Academy:
    """Ann attended all four weeks, Ali the first two; =Amy= came once and is excused."""
    academy = Academy(BEGAN, groups="A", allowed_absences=2)
    for name in ("Ann", "Ali", "=Amy="):
        academy.add_member(name, "A")
    academy.add_facilitator("Fay", "A")
    Membership.objects.update(joined_at=BEGAN)
    for meeting in Meeting.objects.all():
        week = meeting.number or 0
        there = {"Ann": True, "Ali": week < 3, "=Amy=": week == 4, "Fay": True}
        for name, was_there in there.items():
            Attendance.objects.create(
                meeting=meeting,
                user=User.objects.get(name=name),
                checked_in_at=meeting.starts_at if was_there else None,
                not_seen=not was_there,
                rsvp="not_attending" if name == "=Amy=" else "pending",
                rsvp_at=BEGAN,
            )
    return academy


def page(client: Client, cohort: Cohort, query: str = "") -> str:
    answer = client.get(f"/admin/cohorts/{cohort.pk}/attendance/{query}")
    assert answer.status_code == 200
    return answer.content.decode()


def lines(html: str) -> dict[str, str]:
    """The cells of each person, without tags."""
    table = html.partition('class="desk-marks"')[2].partition("</table>")[0]
    rows = re.findall(r"<tr><th scope=\"row\">(.*?)</tr>", table, re.S)
    texts = [re.sub(r"<form.*?</form>|<a class=\"button.*?</a>", "", row) for row in rows]
    cells = [re.split(r"</t[hd]>", text) for text in texts]
    clean = [[unescape(re.sub(r"<[^>]*>", "", cell)).strip() for cell in row] for row in cells]
    return {row[0]: " | ".join(row[1:-1]) for row in clean}


def test_people_by_weeks_in_letters_with_their_results(academy, staff):
    html = page(staff, academy.cohort)
    assert lines(html) == {
        "=Amy=": "Group A | X | X | X | A | 1 of 4 | 3 | Too many absences",
        "Ali": "Group A | A | A | M | M | 2 of 4 | 2 | At risk",
        "Ann": "Group A | A | A | A | A | 4 of 4 | 0 | On track",
    }
    assert "mark-missed" in html
    assert "missed</li>" in html, "the letters are explained"


def test_the_filters_show_those_at_risk_and_each_result(academy, staff):
    html = page(staff, academy.cohort)
    assert "At risk (1)" in html
    assert "Too many absences (1)" in html
    assert "Completed" not in html
    assert list(lines(page(staff, academy.cohort, "?show=too_many"))) == ["=Amy="]
    assert "On track (1)" in html
    assert list(lines(page(staff, academy.cohort, "?show=on_track"))) == ["Ann"]
    at_risk = page(staff, academy.cohort, "?show=at-risk")
    assert list(lines(at_risk)) == ["Ali"]
    assert "Week 3 and week 4" in at_risk
    ali = User.objects.get(name="Ali")
    assert f"write/?people={ali.pk}&amp;about=at-risk" in at_risk
    Cohort.objects.update(status="completed", ended_at=NOW)
    assert "Completed (2)" in page(staff, academy.cohort)


def test_the_results_of_a_cohort_that_has_ended_cannot_be_changed_in_its_settings(academy, staff):
    Cohort.objects.update(status="completed", ended_at=NOW)
    address = f"/admin/cohorts/cohort/{academy.cohort.pk}/change/"
    form = staff.get(address).context["adminform"].form
    assert "its results are final" in form.as_p()
    posted = {name: value for name, value in form.initial.items() if value not in (None, False)} | {
        "allowed_absences": 0,
        "archive_days": 31,
    }
    refused = staff.post(address, posted)
    assert (
        "its results are final" in refused.context["adminform"].form.errors["allowed_absences"][0]
    )
    del posted["allowed_absences"]  # as the page sends it: the field is disabled
    assert staff.post(address, posted).status_code == 302
    cohort = Cohort.objects.get()
    assert (cohort.archive_days, cohort.allowed_absences) == (31, 2)
    assert "Completed (2)" in page(staff, cohort)


def test_a_signal_can_be_dismissed_by_those_who_may_correct(academy, staff):
    ali = User.objects.get(name="Ali")
    address = f"/admin/cohorts/{academy.cohort.pk}/attendance/dismiss/"
    viewer = User.objects.create_user("vi@example.org", name="Vi", is_staff=True)
    viewer.user_permissions.set(Permission.objects.filter(codename__startswith="view_"))
    reader = Client()
    reader.force_login(viewer)
    assert ">Dismiss<" not in page(reader, academy.cohort, "?show=at-risk")
    assert reader.post(address, {"people": ali.pk}).status_code == 403
    assert ">Dismiss<" in page(staff, academy.cohort, "?show=at-risk")
    assert staff.post(address, {"people": ali.pk}).status_code == 302
    html = page(staff, academy.cohort, "?show=at-risk")
    assert "Dismissed for 1 person, until another absence." in html
    assert lines(html).keys() == {"=Amy=", "Ali", "Ann"}, "no one is at risk: everyone is shown"


def test_the_letter_begins_with_what_it_is_about(academy, staff):
    ali = User.objects.get(name="Ali")
    html = staff.get(
        f"/admin/cohorts/{academy.cohort.pk}/messages/write/?people={ali.pk}&about=at-risk"
    ).content.decode()
    assert "We missed you" in html


def test_the_completion_list_has_the_same_and_no_formula(academy, staff):
    address = f"/admin/cohorts/{academy.cohort.pk}/attendance/export/"
    answer = staff.post(address, {"format": "csv"})
    assert 'filename="autumn-attendance-' in answer["Content-Disposition"]
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert rows[0][:5] == ["Name", "E-mail", "Group", "Week 1", "Week 2"]
    assert rows[1][0] == "'=Amy="
    assert rows[2][0] == "Ali"
    assert rows[2][3:] == [
        *("A", "A", "M", "M"), *("4", "2", "0", "0", "2", "0"), "At risk", "week 3 and week 4"
    ]  # fmt: skip
    chosen = staff.post(address, {"format": "csv", "query": "show=at-risk"})
    assert chosen.getvalue().decode().count("\n") == 2


def test_addresses_are_only_for_those_who_may_read_people(academy, staff):
    max_ = User.objects.get(name="Max")
    max_.user_permissions.remove(*Permission.objects.filter(codename__endswith="_user"))
    answer = staff.post(f"/admin/cohorts/{academy.cohort.pk}/attendance/export/", {"format": "csv"})
    assert "Ali" in answer.getvalue().decode()
    assert "@" not in answer.getvalue().decode()


@pytest.mark.parametrize("groups", [pytest.param(4, marks=pytest.mark.matrix), 40])
def test_the_page_costs_the_same_with_40_groups_and_stays_small(staff, groups):
    names = [f"{number:02}" for number in range(groups)]
    academy = Academy(BEGAN, groups=names, meetings=8, name="Large", allowed_absences=2)
    people = User.objects.bulk_create(
        User(email=f"person{n}@example.org", name=f"Person Number {n}") for n in range(groups * 8)
    )
    Membership.objects.bulk_create(
        Membership(
            user=person,
            group=academy.groups[names[n // 8]],
            cohort=academy.cohort,
            joined_at=BEGAN,
        )
        for n, person in enumerate(people)
    )
    by_group: dict[int, list[Meeting]] = {}
    for meeting in Meeting.objects.filter(group__cohort=academy.cohort):
        by_group.setdefault(meeting.group_id, []).append(meeting)
    Attendance.objects.bulk_create(
        Attendance(
            meeting=meeting,
            user=person,
            checked_in_at=meeting.starts_at if (n + (meeting.number or 0)) % 3 else None,
            not_seen=(n + (meeting.number or 0)) % 3 == 0,
        )
        for n, person in enumerate(people)
        for meeting in by_group[academy.groups[names[n // 8]].pk]
    )
    for query in ("", "?show=at-risk"):
        page(staff, academy.cohort, query)
        with CaptureQueriesContext(connection) as queries:
            html = page(staff, academy.cohort, query)
        assert len(queries) <= MOST_QUERIES
        assert len(html.encode()) < MOST_BYTES
        assert "Person Number" in html
