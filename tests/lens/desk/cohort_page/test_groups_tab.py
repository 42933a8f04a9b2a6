"""The tab Groups: a row for each group, and what may be done with it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from cohorts.models import Group
from cohorts.reconcile.models import GroupSync
from cohorts.services.groups import end_group
from meetings.models import Meeting
from tests.lens.desk.cohort_page.conftest import ReadTab
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("everything_alive"),
]


def row(page: str, name: str) -> str:
    """The HTML of one group's row."""
    (found,) = [
        part for part in page.split("<tr>") if f">{name}</a>" in part and "<th scope" in part
    ]
    return found


@pytest.mark.usefixtures("without_providers")
def test_a_row_shows_slot_people_and_the_next_meeting_in_the_readers_zone(
    read_tab: ReadTab, academy: Academy
):
    Group.objects.filter(name="Group A").update(size=6)
    found = row(read_tab(html=True), "Group A")
    assert "(UTC)" in found
    assert "your time" in found  # Olga reads in Berlin
    assert ">Fay<" in found
    assert "2 of 6" in found
    assert "2 of 3" in found  # joined
    assert "week 1" in found
    assert "Set up" in found


@pytest.mark.usefixtures("without_providers")
def test_a_moved_meeting_does_not_change_the_weekly_time_on_the_readers_clock(
    read_tab: ReadTab, academy: Academy
):
    def weekly_time() -> str:
        return row(read_tab(html=True), "Group A").split('data-label="Weekly time">')[1]

    before = weekly_time().split("</td>")[0]
    first = Meeting.objects.filter(group=academy.groups["A"]).earliest("starts_at")
    Meeting.objects.filter(pk=first.pk).update(starts_at=first.starts_at + timedelta(hours=50))
    assert "your time" in before
    assert weekly_time().split("</td>")[0] == before


@pytest.mark.usefixtures("without_providers")
def test_a_group_without_facilitator_or_weekly_time_says_so(read_tab: ReadTab, academy: Academy):
    Group.objects.filter(name="Group C").update(weekday=None, start_time=None)
    found = row(read_tab(html=True), "Group C")
    assert '<span class="lens-bad">none</span>' in found
    assert "no weekly time" in found
    assert "Set weekly time" in found
    assert "Change time" not in found


@pytest.mark.usefixtures("without_providers")
def test_merging_changing_the_time_and_ending_are_offered_for_groups_that_go_on(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    for name in ("A", "B"):
        end_group(academy.groups[name].pk, status="cancelled", now=now)
    page = read_tab(html=True)
    ended, last = row(page, "Group A"), row(page, "Group C")
    assert "Cancelled on" in ended
    for act in ("Merge into", "Change time", "End…"):
        assert act not in ended
    assert "Merge into" not in last, "there is no other group"
    assert "Change time" in last
    assert "End…" in last
    assert page.index("Group C") < page.index("Group A"), "ended groups come last"


@pytest.mark.usefixtures("only_discord")
def test_a_group_with_a_problem_names_it_and_leads_to_its_sync_status(
    read_tab: ReadTab, academy: Academy
):
    GroupSync.objects.filter(group=academy.groups["A"]).update(issue="failed")
    found = row(read_tab(html=True), "Group A")
    assert "lens-bad" in found
    assert f"/progress/#group-{academy.groups['A'].pk}" in found
