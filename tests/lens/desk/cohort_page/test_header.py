"""The head of a cohort's page: its status, and what can be done with it now."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from django.contrib.auth.models import Group as Role
from django.test import Client

from cohorts.models import CohortStep, Group, User
from cohorts.reconcile.models import GroupSync
from cohorts.steps.registry import step_kinds
from cohorts.steps.services import ask_for_step
from cohorts.steps.tasks import carry_out_due
from discordsync.models import DiscordObject
from lens.frame.roles import make_roles
from meetings.models import Meeting
from tests.lens.desk.cohort_page.conftest import ReadTab
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]
DAY = timedelta(days=1)


def acts(page: str) -> list[str]:
    """The buttons under the status, from the page's HTML."""
    part = page.partition('role="status"')[2].partition('<nav class="desk-tabs"')[0]
    return re.findall(r'aria-label="([^":]+): Autumn"', part)


def ask(academy: Academy, kind: str, params: dict, now: datetime) -> CohortStep:
    step = CohortStep(cohort=academy.cohort, kind=kind, params=params)
    seen = step_kinds[kind].preview(step, now).digest
    return ask_for_step(kind, academy.cohort.pk, params, seen=seen, by=None, now=now)


def end_whole(academy: Academy, now: datetime) -> CohortStep:
    return ask(academy, "end", {"groups": [], "status": "completed"}, now)


def test_a_cohort_that_is_set_up_shows_its_status_and_offers_what_can_be_done(read_tab: ReadTab):
    page = read_tab(html=True)
    assert "Set up, starts" in page
    assert "joined 4 of 5" in page
    assert acts(page) == ["Skip weeks…", "End cohort…"]


def test_realize_is_offered_until_all_groups_are_set_up_with_the_progress_once_requested(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    Group.objects.update(set_up_at=None, status="preview")
    page = read_tab(html=True)
    assert "Not set up" in page
    assert acts(page)[:2] == ["Realize", "Skip weeks…"]
    GroupSync.objects.create(
        group=academy.groups["A"], provider="discord", realize_requested_at=now
    )
    assert acts(read_tab(html=True))[0] == "Realize"


def test_ending_comes_first_a_day_after_the_last_meeting_and_is_not_offered_while_it_waits(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    Meeting.objects.update(starts_at=now - 2 * DAY)
    page = read_tab(html=True)
    assert "Over, not ended" in page
    assert acts(page) == ["End cohort…", "Skip weeks…"]
    end_whole(academy, now)
    page = read_tab(html=True)
    assert acts(page) == ["Skip weeks…"]
    assert "waiting, takes effect on" in page


def test_an_ended_cohort_can_be_reopened_and_its_removal_reviewed_once_the_archive_is_over(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    step = end_whole(academy, now)
    carry_out_due(step.due_at)
    page = read_tab(html=True)
    assert "Read-only until" in page
    assert acts(page) == ["Reopen…"]
    assert f"/steps/reopen/?step={step.pk}" in page
    DiscordObject.objects.create(
        kind="role", cohort=academy.cohort, group=academy.groups["A"], outside_id=1, key="role:A"
    )
    academy.cohort.refresh_from_db()
    academy.cohort.archive_days = 0
    academy.cohort.save()
    assert acts(read_tab(html=True)) == ["Reopen…", "Review removal…"]
    Group.objects.update(removal_began_at=now)
    assert acts(read_tab(html=True)) == ["Review removal…"]


def test_the_recent_changes_lead_to_undoing_them(
    read_tab: ReadTab, academy: Academy, now: datetime
):
    first = (academy.meeting("A", 2).starts_at).date().isoformat()
    params = {"first": first, "last": first, "drop": False, "also": []}
    step = ask(academy, "break", params, now)
    carry_out_due(step.due_at)
    page = read_tab(html=True)
    assert "Recent changes" in page
    assert f"/steps/break_undo/?step={step.pk}" in page
    assert "Undo…" in page


def test_a_viewer_sees_no_button_and_no_tick(academy: Academy):
    make_roles()
    vic = User.objects.create_user("vic@example.org", name="Vic", is_staff=True)
    vic.groups.add(Role.objects.get(name="Viewer"))
    client = Client()
    client.force_login(vic)
    page = client.get(f"/admin/cohorts/{academy.cohort.pk}/").content.decode()
    assert acts(page) == []
    assert "Merge into" not in page
    people = client.get(f"/admin/cohorts/{academy.cohort.pk}/people/").content.decode()
    assert "Export" in people  # they may read addresses
    assert "Move…" not in people
    assert "Remind" not in people


def test_a_cohort_that_does_not_exist_is_not_found(staff: Client):
    assert staff.get("/admin/cohorts/999/").status_code == 404


def test_saving_the_settings_stays_on_the_cohorts_page(staff: Client, academy: Academy):
    url = f"/admin/cohorts/cohort/{academy.cohort.pk}/change/"
    form = staff.get(url)
    page = form.content.decode()
    assert "<h1>Autumn</h1>" in page
    assert "joined 4 of 5" in page
    assert acts(page) == ["Skip weeks…", "End cohort…"]
    known = form.context["adminform"].form
    values = {name: known.get_initial_for_field(f, name) for name, f in known.fields.items()}
    posted = {name: value for name, value in values.items() if value not in (None, False)}
    saved = staff.post(url, posted | {"guest_seats": 3, "_save": "Save"}, follow=True)
    assert saved.redirect_chain == [(url, 302)]
    assert "was changed successfully" in saved.content.decode()
    academy.cohort.refresh_from_db()
    assert academy.cohort.guest_seats == 3
