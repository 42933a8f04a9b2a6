"""The whole way in a real browser: from the list of cohorts to a cohort that is set up."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from cohorts.reconcile.models import GroupSync
from tests.support.accessibility import SIZES, both_sizes, check_page, picture
from tests.support.cohort import join, make_cohort
from tests.support.processes import wait_until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "working"),
]


def has_looked() -> bool:
    return not GroupSync.objects.filter(observed_generation=0).exists()


@both_sizes
def test_staff_realize_a_cohort_from_the_list_to_the_end(size, olgas_page, live_server, sandbox):
    made = make_cohort(groups=3, members=3)
    join(sandbox, made.people[:8])
    width, height = SIZES[size]
    olgas_page.set_viewport_size({"width": width, "height": height})
    olgas_page.goto(f"{live_server.url}/admin/operations/")
    picture(olgas_page, f"{size}-1-start")

    wait_until(has_looked, 90, "the worker has not looked")
    olgas_page.goto(f"{live_server.url}/admin/cohorts/cohort/")
    expect(olgas_page.get_by_text("not set up yet")).to_be_visible()
    picture(olgas_page, f"{size}-2-list")
    olgas_page.get_by_role("button", name="Realize Spring").click()

    confirm = olgas_page.get_by_role("button", name="Realize now")
    expect(confirm).to_be_visible(timeout=20_000)
    expect(olgas_page.get_by_text("Not in the Discord server yet.")).to_be_visible()
    check_page(olgas_page, f"{size}-3-plan")
    assert sandbox.writes() == []
    confirm.click()

    picture(olgas_page, f"{size}-4-working")
    done = olgas_page.get_by_text("Done: all 3 groups are in sync.")
    expect(done).to_be_visible(timeout=60_000)
    check_page(olgas_page, f"{size}-5-done")
    assert {group.status for group in made.refresh().groups} == {"active"}

    olgas_page.get_by_role("link", name="Group 3").click()
    expect(olgas_page.get_by_text("People and their access")).to_be_visible()
    expect(olgas_page.get_by_text("Not in the Discord server yet.")).to_be_visible()
    check_page(olgas_page, f"{size}-6-group")
