"""The lists of a cohort's page as files."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.test import Client

from cohorts.models import ActivityEntry, Group
from cohorts.outbox.models import Message
from tests.lens.desk.cohort_page.conftest import academy, now  # noqa: F401
from tests.lens.desk.test_costs import make_academy
from tests.support.academy import Academy

# ruff: noqa: F811 - fixtures

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


def export(client: Client, cohort: int, tab: str, **data: Any) -> list[list[str]]:
    answer = client.post(f"/admin/cohorts/{cohort}/{tab}/export/", {"format": "csv", **data})
    assert answer.status_code == 200
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))


def test_groups_with_when_they_meet_on_both_clocks(staff: Client, academy: Academy):
    Group.objects.filter(name="Group A").update(timezone="America/New_York")
    rows = export(staff, academy.cohort.pk, "groups")
    assert [row[0] for row in rows] == ["Group", "Group A", "Group B", "Group C"]
    assert "Next meeting (Europe/Berlin)" in rows[0]
    first = dict(zip(rows[0], rows[1], strict=True))
    assert first["Time zone"] == "America/New_York"
    assert (first["Facilitators"], first["Joined"], first["People"]) == ("Fay", "2", "3")
    assert first["Week"] == "week 1"


def test_the_calendar_has_a_column_for_each_week(staff: Client, academy: Academy):
    rows = export(staff, academy.cohort.pk, "calendar")
    assert rows[0][:3] == ["Group", "Time zone", "Week 1 (Europe/Berlin)"]
    page = staff.get(f"/admin/cohorts/{academy.cohort.pk}/calendar/").content.decode()
    for row in rows[1:]:
        assert row[2].partition(" (")[0].partition(", 1 ")[0] in page


def test_messages_line_by_line_with_why_they_were_not_sent(staff: Client, academy: Academy):
    for n in range(30):  # more than one page
        Message.objects.create(
            key=f"test:{n}",
            kind="welcome",
            channel="email",
            user=None,
            group=academy.groups["A" if n % 2 else "B"],
            due_at=academy.now.replace(day=1, month=1 + n % 12),
            cutoff_at=academy.now,
            state="dropped" if n == 0 else "sent",
            not_sent_reason="No one may know." if n == 0 else "",
        )
    rows = export(staff, academy.cohort.pk, "messages")
    assert len(rows) == 1 + Message.objects.values("group", "due_at__date").distinct().count()
    (dropped,) = export(staff, academy.cohort.pk, "messages", query="show=not-sent")[1:]
    assert dropped[3:6] == ["0", "0", "1"]
    assert dropped[6].endswith(": No one may know.")
    entry = ActivityEntry.objects.latest("pk")
    assert entry.changes["Filters"] == ["", "not sent"]
    assert entry.cohort == academy.cohort.pk


def test_a_tab_without_a_list_and_bad_input_are_refused(staff: Client, academy: Academy):
    address = f"/admin/cohorts/{academy.cohort.pk}/{{}}/export/"
    assert staff.post(address.format("settings"), {"format": "csv"}).status_code == 404
    answer = staff.post(address.format("groups"), {"format": "doc"}, follow=True)
    assert "Choose CSV or XLSX." in answer.content.decode()


@pytest.mark.parametrize("tab", ["groups", "people", "calendar", "attendance", "messages"])
def test_a_file_takes_the_same_queries_for_any_number_of_groups(
    staff: Client, tab: str, django_assert_max_num_queries: Any
):
    make_academy(30, 3, cohorts=1)
    group = Group.objects.first()
    assert group is not None
    with django_assert_max_num_queries(40):
        assert export(staff, group.cohort_id, tab)


def test_how_many_messages_each_open_cohort_had(staff: Client, academy: Academy):
    answer = staff.post("/admin/messages/export/", {"format": "csv"})
    rows = list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"), newline="")))
    assert rows[0] == ["Cohort", "Course", "Sent", "Waiting", "Not sent"]
    assert [row[0] for row in rows[1:]] == [str(academy.cohort)]
