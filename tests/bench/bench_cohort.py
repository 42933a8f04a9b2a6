"""The CPU time of the tabs of a cohort's page, their queries and their size, beside history."""

from __future__ import annotations

import pytest
from django.test import Client

from cohorts.models import Cohort
from tests.bench.bench_today import measure
from tests.lens.desk.cohort_page.test_tab_costs import MOST_QUERIES, TABS
from tests.lens.desk.conftest import everything_alive, manager  # noqa: F401
from tests.lens.desk.test_costs import make_academy, read_page

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("only_discord", "everything_alive"),
]


@pytest.mark.parametrize(("cohorts", "live", "ended"), [(1, 3, 0), (6, 240, 2000), (1, 240, 2000)])
def test_the_time_of_the_tabs_of_a_cohort(
    manager: Client,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    cohorts: int,
    live: int,
    ended: int,
) -> None:
    make_academy(live, 8, ended=ended, cohorts=cohorts)
    cohort = Cohort.objects.filter(status="open").earliest("pk")
    for tab in TABS:
        address = f"/admin/cohorts/{cohort.pk}/{tab}"
        queries, page = read_page(manager, address)
        took = measure(manager, address)
        with capsys.disabled():
            print(  # noqa: T201
                f"\n{live // cohorts} of {live} live groups, {ended} ended, {tab or 'groups/'}: "
                f"{took:.0f} ms CPU, {queries} queries, {len(page.encode()) / 1000:.0f} kB"
            )
        assert queries <= MOST_QUERIES
