"""What each tab costs, from a few groups to many: queries, and the size of the page."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from cohorts.models import Cohort, CohortStep, Group
from tests.lens.desk.test_costs import MOST_BYTES, NOW, make_academy, read_page

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "everything_alive"),
]

MOST_QUERIES = 20
TABS = ("", "people/", "people/?show=not-joined", "calendar/")


@pytest.fixture
def cohort(request: pytest.FixtureRequest) -> Cohort:
    """A cohort with as many groups as the test's parameter says, and recent changes."""
    make_academy(request.param, 8, ended=5, cohorts=1)
    cohort = Cohort.objects.get(status="open")
    ids = list(Group.objects.filter(cohort=cohort).values_list("pk", flat=True))
    CohortStep.objects.bulk_create(change(cohort, n, ids[n % len(ids)]) for n in range(12))
    return cohort


def change(cohort: Cohort, n: int, group_id: int) -> CohortStep:
    """An end that was reopened since, a merge, or a break."""
    record = {"groups": {str(group_id): "active"}, "is_whole": False, "ended_at": NOW.isoformat()}
    kinds = (
        ("end", {"groups": [group_id], "status": "completed"}, record),
        ("merge", {"source_id": group_id, "target_id": group_id}, {}),
        (
            "break",
            {"first": "2020-01-06", "last": "2020-01-12", "drop": False, "also": []},
            {"until": NOW.isoformat()},
        ),
    )
    kind, params, record = kinds[n % 3]
    return CohortStep(
        cohort=cohort, kind=kind, params=params, record=record, state="done",
        asked_at=NOW, due_at=NOW, finished_at=NOW,
    )  # fmt: skip


def read_tabs(client: Client, cohort: Cohort) -> Iterator[tuple[str, int, str]]:
    for tab in TABS:
        yield tab, *read_page(client, f"/admin/cohorts/{cohort.pk}/{tab}")


@pytest.mark.parametrize(
    "cohort",
    [40, *(pytest.param(n, marks=pytest.mark.matrix) for n in (3, 300))],
    indirect=True,
)
def test_each_tab_takes_20_queries_at_most_with_any_number_of_groups(
    manager: Client,
    cohort: Cohort,
):
    for tab, queries, page in read_tabs(manager, cohort):
        assert "Recent changes" in page or tab
        assert queries <= MOST_QUERIES, tab


@pytest.mark.parametrize("cohort", [pytest.param(40, marks=pytest.mark.matrix), 240], indirect=True)
def test_each_tab_stays_small(manager: Client, cohort: Cohort):
    for tab, _, page in read_tabs(manager, cohort):
        assert len(page.encode()) <= MOST_BYTES, tab
