"""Jobs of a programme manager that begin at a cohort's row on Today, with the clicks counted."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from cohorts import clock
from cohorts.models import CohortStep, Group, Membership, User
from cohorts.steps.tasks import carry_out_due
from meetings.attendance.ledger import read_cohort_records
from meetings.attendance.mark_words import OUTCOMES
from meetings.models import Attendance, Meeting
from tests.lens.desk.cohort_page.test_header import ask, end_whole
from tests.lens.desk.test_browser import Clicks, academy, clicks, desk, max_  # noqa: F401
from tests.support.academy import Academy
from tests.support.accessibility import SIZES, both_sizes, check_page, tab_to
from tests.support.processes import wait_until

# ruff: noqa: F811 - fixtures

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("everything_alive"),
]

DUE = timedelta(minutes=11)


def open_cohort(desk: Page, clicks: Clicks) -> None:
    """Click the cohort's row on Today."""
    cohorts = desk.get_by_role("region", name="Cohorts")
    clicks(cohorts.get_by_role("link", name="Autumn"))


def skip_week(academy: Academy) -> CohortStep:
    """A break over week 2 that waits."""
    day = academy.meeting("A", 2).starts_at.date().isoformat()
    params = {"first": day, "last": day, "drop": False, "also": []}
    return ask(academy, "break", params, clock.now())


@pytest.mark.usefixtures("only_discord", "sandbox")
def test_job_2_a_cohort_is_realized_in_three_clicks(
    desk: Page, academy: Academy, clicks: Clicks, request: pytest.FixtureRequest
):
    Group.objects.update(set_up_at=None, status="preview")
    request.getfixturevalue("working")
    open_cohort(desk, clicks)
    expect(desk.get_by_role("status")).to_contain_text("Not set up")
    clicks(desk.get_by_role("button", name="Realize"))
    expect(desk.get_by_role("heading", name="Realize Group A of Autumn?")).to_be_visible()
    clicks(desk.get_by_role("button", name="Realize now"))
    expect(desk.get_by_role("heading", name="Autumn: status")).to_be_visible()
    assert clicks.count == 3
    wait_until(lambda: Group.objects.get().set_up_at, 60, "the group is not set up")


@pytest.mark.matrix
@pytest.mark.usefixtures("without_providers")
def test_job_6_a_person_is_added_in_four_clicks(desk: Page, academy: Academy, clicks: Clicks):
    open_cohort(desk, clicks)
    clicks(desk.get_by_role("link", name="People", exact=True).last)
    clicks(desk.get_by_role("link", name="Add a person"))
    desk.get_by_label("Name").fill("Zoe")
    desk.get_by_label("E-mail").fill("zoe@example.org")
    desk.get_by_label("Group").select_option(str(academy.groups["A"].pk))
    clicks(desk.get_by_role("button", name="Add person"))
    expect(desk.get_by_text("Zoe is added to Group A.")).to_be_visible()
    expect(desk.get_by_role("row", name="Zoe")).to_be_visible()
    assert clicks.count == 4
    assert Membership.objects.filter(user__name="Zoe", status="active").count() == 1


@pytest.mark.matrix
@pytest.mark.usefixtures("without_providers")
def test_job_12_a_holiday_is_skipped_in_four_clicks(desk: Page, academy: Academy, clicks: Clicks):
    before = academy.meeting("A", 2).starts_at
    open_cohort(desk, clicks)
    clicks(desk.get_by_role("link", name="Skip weeks…"))
    desk.get_by_label("First day without meetings").fill(before.date().isoformat())
    desk.get_by_label("Last day without meetings").fill(before.date().isoformat())
    clicks(desk.get_by_role("button", name="Preview"))
    clicks(desk.get_by_role("button", name="Skip these dates"))
    expect(desk.get_by_text("Until then you can undo it")).to_be_visible()
    assert clicks.count == 4
    carry_out_due(clock.now() + DUE)
    assert academy.meeting("A", 2).starts_at == before + timedelta(days=7)


@pytest.mark.matrix
@pytest.mark.usefixtures("without_providers")
@pytest.mark.parametrize("is_done", [False, True], ids=["waiting", "done"])
def test_job_13_it_is_undone_in_three_clicks(
    desk: Page, academy: Academy, clicks: Clicks, is_done: bool
):
    before = academy.meeting("A", 2).starts_at
    step = skip_week(academy)
    if is_done:
        carry_out_due(clock.now() + DUE)
    open_cohort(desk, clicks)
    if is_done:
        clicks(desk.get_by_role("link", name="Undo…: Skip weeks"))
        clicks(desk.get_by_role("button", name="Undo the break"))
    else:
        clicks(desk.get_by_role("link", name="See the change"))
        clicks(desk.get_by_role("button", name="Undo"))
    expect(desk.get_by_role("link", name="Back to the cohort")).to_be_visible()
    assert clicks.count == 3
    carry_out_due(clock.now() + DUE)
    step.refresh_from_db()
    assert step.state == "undone"
    assert academy.meeting("A", 2).starts_at == before


@pytest.mark.matrix
@pytest.mark.usefixtures("without_providers")
def test_job_15_the_weekly_time_changes_in_four_clicks(
    desk: Page, academy: Academy, clicks: Clicks
):
    open_cohort(desk, clicks)
    clicks(desk.get_by_role("link", name="Change time: Group A"))
    desk.get_by_label("From this day on").fill(clock.now().date().isoformat())
    desk.get_by_label("Length in minutes").fill("90")
    clicks(desk.get_by_role("button", name="Preview changes"))
    clicks(desk.get_by_role("button", name="Change weekly time"))
    expect(desk.get_by_text("Done.")).to_be_visible()
    assert clicks.count == 4
    assert set(Meeting.objects.values_list("duration_minutes", flat=True)) == {90}


@pytest.mark.matrix
@pytest.mark.usefixtures("without_providers")
def test_job_19_a_cohort_is_reopened_in_three_clicks(desk: Page, academy: Academy, clicks: Clicks):
    end_whole(academy, clock.now())
    carry_out_due(clock.now() + DUE)
    academy.cohort.refresh_from_db()
    assert academy.cohort.has_ended
    desk.reload()
    open_cohort(desk, clicks)
    clicks(desk.get_by_role("link", name="Reopen…"))
    clicks(desk.get_by_role("button", name="Reopen"))
    expect(desk.get_by_role("link", name="Back to the cohort")).to_be_visible()
    assert clicks.count == 3
    carry_out_due(clock.now() + DUE)
    academy.cohort.refresh_from_db()
    assert not academy.cohort.has_ended
    assert Membership.objects.filter(status="active").count() == 5


@pytest.mark.usefixtures("without_providers")
def test_people_are_ticked_and_moved_with_the_keyboard(desk: Page, academy: Academy):
    other = Group.objects.create(
        cohort=academy.cohort, name="Group B", weekday=1, start_time="18:00"
    )
    desk.goto(f"{desk.url.partition('/admin/')[0]}/admin/cohorts/{academy.cohort.pk}/people/")
    tab_to(desk.get_by_role("checkbox", name="Ann"))
    desk.keyboard.press("Space")
    tab_to(desk.get_by_role("button", name="Move…"))
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("heading", name="Move Ann to another group")).to_be_visible()
    assert other.memberships.count() == 0


@pytest.mark.usefixtures("without_providers")
@both_sizes
def test_axe_finds_nothing_on_any_tab_and_none_scrolls_sideways(
    desk: Page, academy: Academy, live_server: Any, size: str
):
    width, height = SIZES[size]
    desk.set_viewport_size({"width": width, "height": height})
    skip_week(academy)
    Academy(clock.now(), groups="DE", name="Winter")
    Group.objects.filter(name="Group D").update(
        cohort=academy.cohort, name="D" * 80, timezone="America/New_York", size=6
    )
    for tab in ("", "people/", "calendar/"):
        desk.goto(f"{live_server.url}/admin/cohorts/{academy.cohort.pk}/{tab}")
        expect(desk.get_by_role("heading", level=1)).to_have_text("Autumn")
        check_page(desk, f"cohort-{tab.strip('/') or 'groups'}-{size}")
    desk.goto(f"{live_server.url}/admin/cohorts/cohort/{academy.cohort.pk}/change/")
    expect(desk.get_by_role("link", name="Settings")).to_have_attribute("aria-current", "page")
    check_page(desk, f"cohort-settings-{size}")


@pytest.mark.matrix
def test_job_26_the_completion_list_takes_three_clicks_and_equals_the_ledger(
    desk: Page, academy: Academy, clicks: Clicks
):
    Meeting.objects.filter(number=1).update(starts_at=clock.now() - timedelta(days=3))
    for name in ("Ann", "Ned"):
        person = User.objects.get(name=name)
        meeting = academy.meeting("A", 1)
        Attendance.objects.update_or_create(
            meeting=meeting,
            user=person,
            defaults={"checked_in_at": meeting.starts_at if name == "Ann" else None},
        )
    desk.reload()
    open_cohort(desk, clicks)
    clicks(desk.get_by_role("link", name="Attendance"))
    with desk.expect_download() as saved:
        clicks(desk.get_by_role("button", name="Completion list as CSV"))
    assert clicks.count == 3
    text = Path(saved.value.path()).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    records = read_cohort_records(academy.cohort.pk, clock.now())
    assert [
        (row["Name"], row["Group"], int(row["Held"]), int(row["Attended"]), int(row["Missed"]))
        for row in rows
    ] == [
        (
            one.member.user.name,
            one.member.group.name,
            one.count.held,
            one.count.attended,
            one.count.missed,
        )
        for one in records
    ]
    assert [row["Result"] for row in rows] == [OUTCOMES[one.outcome] for one in records]
    assert {row["Name"]: row["Attended"] for row in rows}["Ann"] == "1"
