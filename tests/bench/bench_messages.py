"""The CPU time of the pages about a cohort's messages."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.bench.bench_today import measure
from tests.bench.figures import RecordFigure
from tests.lens.desk.cohort_messages.test_messages_page import (
    MOST_QUERIES,
    academy,  # noqa: F401
    fill,
    measure_page,
)
from tests.lens.desk.conftest import after_academy, manager  # noqa: F401
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("without_providers"),
]
MESSAGES = 20_000


def test_the_time_of_the_pages_about_messages(
    manager: Client,  # noqa: F811
    academy: Academy,  # noqa: F811
    record: RecordFigure,
) -> None:
    fill(academy, MESSAGES, 48)
    tab = f"/admin/cohorts/{academy.cohort.pk}/messages/"
    for url in (tab, f"{tab}?show=not-sent", f"{tab}write/", "/admin/messages/"):
        queries, _ = measure_page(manager, url)
        page = url.replace(str(academy.cohort.pk), "…")
        record(f"page {page}, {MESSAGES:,} messages: CPU", measure(manager, url), "ms")
        assert queries <= MOST_QUERIES
