"""The CPU time of the tabs of a cohort's page, beside 2,000 groups that ended."""

from __future__ import annotations

import pytest
from django.test import Client

from cohorts.models import Cohort
from tests.bench.bench_today import measure
from tests.bench.figures import RecordFigure
from tests.lens.desk.cohort_page.test_tab_costs import MOST_QUERIES, TABS
from tests.lens.desk.conftest import after_academy, everything_alive, manager  # noqa: F401
from tests.lens.desk.test_costs import make_academy, read_page

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("only_discord", "everything_alive"),
]
LIVE = 240


def test_the_time_of_the_tabs_of_a_cohort(
    manager: Client,  # noqa: F811
    record: RecordFigure,
) -> None:
    make_academy(LIVE, 8, ended=2000, cohorts=1)
    cohort = Cohort.objects.filter(status="open").earliest("pk")
    for tab in TABS:
        address = f"/admin/cohorts/{cohort.pk}/{tab}"
        queries, _ = read_page(manager, address)
        name = f"page of a cohort with {LIVE} groups, {tab or 'groups/'}: CPU"
        record(name, measure(manager, address), "ms")
        assert queries <= MOST_QUERIES
