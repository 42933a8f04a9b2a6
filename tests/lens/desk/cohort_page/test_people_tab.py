"""The tab People: who is there, filters, and what the ticks are for."""

from __future__ import annotations

import csv
import io
from datetime import datetime, timedelta

import pytest
from django.test import Client

from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from cohorts.roster.importing import preview_roster
from cohorts.steps.tasks import carry_out_due
from tests.lens.desk.cohort_page.conftest import ReadTab
from tests.lens.desk.cohort_page.test_header import end_whole
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


def names(page: str) -> list[str]:
    return [part.partition("<")[0] for part in page.split("<bdi>")[1:]]


def export(client: Client, academy: Academy, **data: object) -> list[dict[str, str]]:
    answer = client.post(
        f"/admin/cohorts/{academy.cohort.pk}/people/export/", {"format": "csv", **data}
    )
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_everyone_is_listed_and_links_show_those_who_need_something(
    read_tab: ReadTab, academy: Academy
):
    page = read_tab("people/", html=True)
    assert names(page) == ["Ann", "Bea", "Ben", "Fay", "Ned"]
    assert "Not joined: 1" in page
    assert "No e-mail arrives: 1" in page
    assert names(read_tab("people/", html=True, show="not-joined")) == ["Ned"]
    assert names(read_tab("people/", html=True, show="no-mail")) == ["Bea"]
    group = academy.groups["B"].pk
    assert names(read_tab("people/", html=True, group=group)) == ["Bea", "Ben"]
    assert "No one is in this list" in read_tab("people/", group=group, show="not-joined")


def test_a_row_says_whether_someone_joined_was_reminded_and_gets_mail(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    page = read_tab("people/")
    assert "Not in the Discord server not reminded yet" in page
    assert "No address" in page
    ned = User.objects.get(name="Ned")
    sent = now - timedelta(days=1)
    Message.objects.create(
        key="x", kind="join_reminder", channel="email", user=ned, due_at=sent, cutoff_at=now,
        state="sent", sent_at=sent,
    )  # fmt: skip
    assert "Not in the Discord server reminded" in read_tab("people/")


def test_those_who_are_ticked_can_be_moved_and_reminded(staff: Client, academy: Academy):
    ids = dict(Membership.objects.values_list("user__name", "pk"))
    move = staff.post("/admin/members/move/", {"member": [ids["Ann"], ids["Ned"]]})
    assert "Move Ann and Ned to another group" in move.content.decode()
    page = f"/admin/discordsync/discordobject/cohorts/{academy.cohort.pk}/not-joined/"
    letter = staff.post(page, {"member": [ids["Ann"], ids["Ned"]]}).content.decode()
    assert "Remind 1 person" in letter, "Ann has joined"
    assert "<bdi>Ned</bdi>" in letter


def test_the_button_reminds_as_many_as_it_says(staff: Client, read_tab: ReadTab, academy: Academy):
    assert "Remind 1 person…" in read_tab("people/")
    page = f"/admin/discordsync/discordobject/cohorts/{academy.cohort.pk}/not-joined/"
    assert "Remind 1 person" in staff.post(page, {"all": "1"}).content.decode()
    User.objects.filter(name="Ned").update(email=None)
    assert "Remind 1 person…" not in read_tab("people/")


def test_the_export_has_the_people_who_are_ticked_or_all_of_the_list(
    staff: Client, academy: Academy
):
    assert len(export(staff, academy)) == 5
    assert [row["name"] for row in export(staff, academy, show="not-joined")] == ["Ned"]
    ann = Membership.objects.get(user__name="Ann")
    (row,) = export(staff, academy, member=ann.pk, show="not-joined")
    assert row["name"] == "Ann"
    assert row["joined"] == "In the server"
    assert row["email"] == "ann@example.org"


def test_an_export_is_a_roster_that_changes_nothing(staff: Client, academy: Academy):
    answer = staff.post(f"/admin/cohorts/{academy.cohort.pk}/people/export/", {"format": "csv"})
    plan = preview_roster(answer.getvalue())
    assert [str(problem) for problem in plan.problems if "e-mail" not in str(problem)] == []


def test_no_cell_of_the_export_is_a_formula(staff: Client, academy: Academy):
    User.objects.filter(name="Ann").update(name='=HYPERLINK("http://evil", "Ann")')
    (row,) = [row for row in export(staff, academy) if "HYPERLINK" in row["name"]]
    assert row["name"].startswith("'=")


def test_an_ended_cohort_shows_its_last_people_without_reminders(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    carry_out_due(end_whole(academy, now).due_at)
    page = read_tab("people/", html=True)
    assert names(page) == ["Ann", "Bea", "Ben", "Fay", "Ned"]
    assert "Move…" not in page
    assert "Remind" not in page
    assert "Add a person" not in page


def test_adding_a_person_offers_only_the_groups_of_the_cohort(
    staff: Client, read_tab: ReadTab, academy: Academy
):
    Academy(academy.now, groups="X", name="Other")
    page = read_tab("people/", html=True)
    assert f"add-person/?cohort={academy.cohort.pk}&amp;next=" in page
    form = staff.get(f"/admin/cohorts/membership/add-person/?cohort={academy.cohort.pk}")
    assert "Group A — Autumn" in form.content.decode()
    assert "Group X — Other" not in form.content.decode()
