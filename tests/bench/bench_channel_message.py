"""The queries of one message in a channel, and the calls to Google that it causes."""

from __future__ import annotations

import pytest

from cohorts.outbox.models import Message
from tests.bench.figures import RecordFigure
from tests.guestvisits.effects.conftest import (  # noqa: F401
    _facts_alone,
    installed,
    world,
)
from tests.guestvisits.effects.test_channel_message import count_queries, pending_post  # noqa: F401
from tests.guestvisits.effects.world import World

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_queries_of_a_channel_message(
    world: World,  # noqa: F811
    pending_post: Message,  # noqa: F811
    record: RecordFigure,
) -> None:
    newest = world.sandbox.last
    record("a channel message: queries", count_queries(world, pending_post), "queries", 11)
    world.work()
    calls = world.sandbox.calls(newest, service="google")
    record("a channel message: calls to Google", len(calls), "calls", 0)
