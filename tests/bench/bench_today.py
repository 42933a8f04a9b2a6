"""The CPU time of the Today page, beside history."""

from __future__ import annotations

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client, RequestFactory

from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured, typical
from tests.lens.desk.conftest import after_academy, everything_alive, manager  # noqa: F401
from tests.lens.desk.test_costs import make_academy, open_today

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("without_providers", "everything_alive"),
]


@pytest.mark.parametrize(("live", "ended"), [(240, 0), (240, 2000)])
def test_the_time_of_the_today_page(
    manager: Client,  # noqa: F811
    record: RecordFigure,
    live: int,
    ended: int,
) -> None:
    make_academy(live, 8, ended=ended)
    queries, _ = open_today(manager)
    took = measure(manager, "/admin/today/")
    record(f"page Today, {live} live and {ended} ended groups: CPU", took, "ms")
    assert queries <= 25


def measure(client: Client, address: str) -> Measured:
    """Return the CPU time of a page, the median of five."""
    handler, times = WSGIHandler(), []
    for _ in range(5):
        # Not through the test client, which copies every template's context.
        request = RequestFactory().get(address)
        request.COOKIES = {name: each.value for name, each in client.cookies.items()}
        with cpu_measured() as cpu:
            assert handler.get_response(request).status_code == 200
        times.append(cpu)
    return typical(times)
