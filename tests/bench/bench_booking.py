"""The CPU time of a booking, beside that of its SQL statements without Django."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from guestvisits.services.booking import book_visit
from tests.bench.figures import RecordFigure
from tests.bench.stopwatch import Measured, cpu_measured, typical
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db]
BOOKINGS = 50


def test_the_time_of_a_booking(record: RecordFigure) -> None:
    now = datetime.now(UTC).replace(second=0, microsecond=0)
    academy = Academy(now)
    home, host = academy.meeting("A"), academy.meeting("B")
    people = [academy.add_member(f"Person {n}", "A") for n in range(BOOKINGS)]
    service, bare, queries = [], [], 0
    for person in people:

        def book(user_id: int = person.pk) -> Any:
            return book_visit(user_id, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)

        service.append(measure(book))
        statements = read_statements(book)
        bare.append(measure(lambda statements=statements: run_bare(statements)))
        queries = len(statements)
    record("booking: queries of the service", queries, "queries", 18)
    cost, least = typical(service), typical(bare)
    record("booking: CPU of the service", cost, "ms", 12)
    record("booking: CPU of the same transaction in bare SQL", least, "ms")
    beside = cost.adjusted / least.adjusted
    record("booking: the service beside bare SQL", beside, "times", 1 / 0.15)


def measure(code: Callable[[], Any]) -> Measured:
    """Return the CPU time of code whose changes are taken back."""
    with transaction.atomic():
        with cpu_measured() as cpu:
            code()
        transaction.set_rollback(True)
    return cpu


def read_statements(code: Callable[[], Any]) -> list[str]:
    with transaction.atomic():
        with CaptureQueriesContext(connection) as queries:
            code()
        transaction.set_rollback(True)
    return [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]


def run_bare(statements: list[str]) -> None:
    with connection.connection.cursor() as cursor:
        for sql in statements:
            cursor.execute(sql)
            if cursor.description:
                cursor.fetchall()
