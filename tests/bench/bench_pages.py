"""The CPU time, queries and size of single pages and of lists, with 20,000 people.

Queries and sizes are asserted, times are not: other work may run beside.
"""

from __future__ import annotations

import re

import pytest
from django.test import Client

from cohorts.models import Group, User
from cohorts.outbox.models import Message
from tests.bench.bench_today import measure
from tests.bench.figures import RecordFigure
from tests.lens.desk.conftest import after_academy, everything_alive, manager  # noqa: F401
from tests.lens.desk.test_costs import MOST_BYTES, MOST_QUERIES, NOW, make_academy, read_page

LIVE, ENDED, MEMBERS = 240, 2260, 8  # 20,000 people
LIST_QUERIES = 12
LISTS = (
    "/admin/cohorts/user/",
    "/admin/cohorts/cohort/",
    "/admin/cohorts/group/",
    "/admin/cohorts/membership/",
    "/admin/outbox/message/",
)
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.timeout(1800),
    pytest.mark.usefixtures("only_discord", "everything_alive"),
]


def test_the_time_of_pages_and_lists_with_20000_people(
    manager: Client,  # noqa: F811
    record: RecordFigure,
) -> None:
    make_academy(LIVE, MEMBERS, ended=ENDED)
    make_messages()
    group = Group.objects.earliest("pk")
    person = group.memberships.filter(role="participant").earliest("pk").user_id
    budgets = {
        f"/admin/people/{person}/": MOST_QUERIES,
        f"/groups/{group.pk}/": MOST_QUERIES,
        **dict.fromkeys(LISTS, LIST_QUERIES),
    }
    found = {address: report(manager, address, record) for address in budgets}
    too_many = {address: cost for address, cost in found.items() if cost[0] > budgets[address]}
    assert too_many == {}
    assert {address: cost for address, cost in found.items() if cost[1] > MOST_BYTES} == {}


def make_messages() -> None:
    Message.objects.bulk_create(
        Message(
            key=f"bench:{person}",
            kind="welcome",
            channel="email",
            user_id=person,
            due_at=NOW,
            cutoff_at=NOW,
            created_at=NOW,
        )
        for person in User.objects.values_list("pk", flat=True)
    )


def report(client: Client, address: str, record: RecordFigure) -> tuple[int, int]:
    """Record the CPU time of a page; return its queries and its size."""
    read_page(client, address)
    queries, page = read_page(client, address)
    name = re.sub(r"\d+", "…", address)
    record(f"page {name}, 20,000 people: CPU", measure(client, address), "ms")
    return queries, len(page.encode())
