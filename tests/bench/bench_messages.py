"""The CPU time of the pages about a cohort's messages, their queries and their size."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.bench.bench_today import measure
from tests.lens.desk.cohort_messages.test_messages_page import (
    MOST_QUERIES,
    academy,  # noqa: F401
    fill,
    measure_page,
)
from tests.lens.desk.conftest import manager  # noqa: F401
from tests.support.academy import Academy

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("without_providers"),
]


@pytest.mark.parametrize("messages", [200, 20_000])
def test_the_time_of_the_pages_about_messages(
    manager: Client,  # noqa: F811
    academy: Academy,  # noqa: F811
    capsys: pytest.CaptureFixture[str],
    messages: int,
) -> None:
    fill(academy, messages, 48)
    tab = f"/admin/cohorts/{academy.cohort.pk}/messages/"
    for url in (tab, f"{tab}?show=not-sent", f"{tab}write/", "/admin/messages/"):
        queries, size = measure_page(manager, url)
        milliseconds = measure(manager, url)
        with capsys.disabled():
            print(  # noqa: T201
                f"\n{url}, {messages} messages: {milliseconds:.0f} ms CPU, {queries} queries, "
                f"{size / 1000:.0f} kB"
            )
        assert queries <= MOST_QUERIES
