"""Staff review what ended groups have left in Discord, keep one channel and approve the rest."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from playwright.sync_api import expect

from cohorts import clock
from cohorts.models import Group
from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.services.groups import end_group
from discordsync.models import DiscordObject
from tests.lens.desk.test_browser import Clicks
from tests.support.accessibility import both_sizes, check_page
from tests.support.cohort import MadeCohort, join, make_cohort, realize, work
from tests.support.processes import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]
LIST = "/admin/discordsync/discordobject/removals/"


@pytest.fixture
def made(only_discord, sandbox, set_clock) -> MadeCohort:
    """A cohort of two groups that was realized, and ended 31 days ago."""

    def build() -> MadeCohort:
        try:
            made = make_cohort(groups=2, members=2)
            join(sandbox, made.people)
            realize(made)
            work("discord")
            for group in made.groups:
                end_group(group.pk, status=Group.Status.COMPLETED, now=clock.now())
            work("discord")
            later = clock.now() + timedelta(days=31)
            set_clock(later)
            sandbox.set_clock(later)
            work("discord")
            return made
        finally:
            connections.close_all()

    # In another thread: a browser's loop runs in this one, and a worker starts its own.
    with ThreadPoolExecutor(1) as other:
        return other.submit(build).result()


def names_in_discord(sandbox) -> set[str]:
    guild = sandbox.get("state")["discord"]
    return {one["name"] for one in [*guild["channels"].values(), *guild["roles"].values()]}


@both_sizes
def test_staff_keep_one_channel_and_approve_the_rest(size, open_page, sandbox, made, working):
    page = open_page(size, LIST)
    check_page(page, f"removal-{size}-1-list")
    page.get_by_role("button", name="Review Spring").click()
    button = page.get_by_role("button", name="Remove and keep as chosen")
    expect(button).to_be_visible(timeout=20_000)
    check_page(page, f"removal-{size}-2-review")
    assert "group-1" in names_in_discord(sandbox), "a review changes nothing"

    kept = page.get_by_role("group", name="Text channel group-1")
    kept.get_by_label("Keep").check()
    button.click()
    expect(page.get_by_text("You keep channels of these groups")).to_be_visible()
    check_page(page, f"removal-{size}-3-roles")
    page.get_by_label("Remove them").check()
    page.get_by_role("button", name="Remove and keep as chosen").click()
    check_page(page, f"removal-{size}-4-approved")
    wait_until(lambda: "group-2" not in names_in_discord(sandbox), 60, "nothing was removed")
    wait_until(
        lambda: not DiscordObject.objects.filter(kind="role", released_at=None).exists(),
        60,
        "the roles were not removed",
    )
    assert "group-1" in names_in_discord(sandbox)


@pytest.mark.matrix
def test_job_18_a_removal_is_approved_in_three_clicks_from_today(open_page, sandbox, made, working):
    """One click on Today, one for the channel that stays, one for everything else."""
    clicks = Clicks()
    wait_until(WorkerHeartbeat.objects.exists, 60, "no worker is at work")
    page = open_page("desktop", "/admin/today/")
    clicks(page.get_by_role("button", name="Review removal"))
    button = page.get_by_role("button", name="Remove and keep as chosen")
    expect(button).to_be_visible(timeout=20_000)
    kept = page.get_by_role("group", name=re.compile("^Category "))
    clicks(kept.get_by_label("Keep"))
    clicks(button)
    assert clicks.count == 3
    wait_until(
        lambda: not DiscordObject.objects.exclude(kind="event").filter(released_at=None).exists(),
        60,
        "the approved objects were not removed",
    )
    left = {name for name in names_in_discord(sandbox) if "pring" in name or "roup" in name}
    assert len(left) == 1, left
