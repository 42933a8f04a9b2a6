"""What a write costs does not depend on the number of groups: counted, because times vary."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import Group
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.function_calls import count_calls, count_statements
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord"), pytest.mark.matrix]

GROWTH = 1.3
MESSAGE_QUERIES = 8  # 3 render it, 4 send and log it
TOTALS_QUERIES = 2  # more, for any number of messages: a total that is new

VISIT_CALLS = 6  # who the bot is, the server, and its four lists
VISIT_QUERIES = 230  # 201


@pytest.fixture(autouse=True)
def nothing_by_time(settings: Any) -> None:
    """What happens each second is not counted: a busy machine makes more of it."""
    settings.SYNC = settings.SYNC | {"read_seconds": 1e9}


def realize_groups(sandbox: RunningSandbox, groups: int) -> tuple[float, float]:
    """Return the functions called and the queries for each write, of a cohort that is realized."""
    made = make_cohort(groups=groups, members=2, name=f"Cohort of {groups}")
    join(sandbox, made.people)
    realize(made)
    since = sandbox.last
    with CaptureQueriesContext(connection) as queries:
        calls = count_calls(lambda: work("discord", slices=60))
    writes = len(sandbox.writes(since))
    assert writes > 7 * groups
    return calls / writes, len(queries) / writes


def test_one_more_channel_message_costs_few_queries(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    made = make_cohort(groups=5, members=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")

    one, totals_of_one = send(made.groups[:1], "first")
    four, totals_of_four = send(made.groups[1:], "second")

    with capsys.disabled():
        print(  # noqa: T201
            f"\n{one} queries send one message, {four} send four;"
            f" totals take {totals_of_one} and {totals_of_four}"
        )
    assert (four - one) / 3 <= MESSAGE_QUERIES
    assert totals_of_four - totals_of_one <= TOTALS_QUERIES


def send(groups: list[Group], word: str) -> tuple[int, int]:
    """Return the queries of a run that sends a message to the channel of each of these groups, and
    apart from them those on totals: how many of these are new depends on how long the run took."""
    now = clock.now()
    for group in groups:
        Message.objects.create(
            key=f"{word}:{group.pk}",
            kind="welcome",
            channel="discord_channel",
            group=group,
            body=word,
            due_at=now,
            next_try_at=now,
            cutoff_at=now + timedelta(days=1),
            created_at=now,
        )
    GroupSync.objects.filter(group__in=groups).raise_generation(now)
    with CaptureQueriesContext(connection) as queries:
        assert work("discord") == 1
    assert Message.objects.filter(body=word, state="sent").count() == len(groups)
    everything = count_statements(queries)
    totals = count_statements(query for query in queries if "sync_runningtotal" in query["sql"])
    return everything - totals, totals


def test_a_visit_gets_its_role_after_as_few_calls_and_queries_among_many_groups(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    few, many = visit_among(sandbox, 3), visit_among(sandbox, 20)

    with capsys.disabled():
        print(f"\ncalls before the role, and queries: {few} among 3 groups, {many} among 20")  # noqa: T201
    assert many[0] <= few[0] <= VISIT_CALLS
    assert many[1] <= GROWTH * few[1]
    assert few[1] <= VISIT_QUERIES


def visit_among(sandbox: RunningSandbox, groups: int) -> tuple[int, int]:
    """Return how many calls come before the guest's role, and the queries of the whole run."""
    made = make_cohort(groups=groups, members=2, name=f"Visited cohort of {groups}")
    join(sandbox, made.people)
    realize(made)
    work("discord")
    home, host = (Meeting.objects.get(group=group, number=1) for group in made.groups[:2])
    guest, since = made.people[1], sandbox.last
    book_visit(guest.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=clock.now())
    with CaptureQueriesContext(connection) as queries:
        assert work("discord") == 1
    paths = [call["path"] for call in sandbox.calls(since)]
    [granted] = [n for n, path in enumerate(paths) if f"/members/{guest.discord_id}/" in path]
    return granted, len(queries)


def test_realizing_more_groups_costs_no_more_for_each_write(
    sandbox: RunningSandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    few, many = realize_groups(sandbox, 10), realize_groups(sandbox, 40)

    with capsys.disabled():
        print(f"\ncalls and queries for each write: {few} of 10 groups, {many} of 40")  # noqa: T201
    assert many[0] <= GROWTH * few[0]
    assert many[1] <= GROWTH * few[1]
