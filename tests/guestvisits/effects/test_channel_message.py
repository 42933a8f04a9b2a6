"""A message in a group's channel is no change of facts: it costs no more than its own delivery."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import message_sources
from cohorts.reconcile.models import GroupSync
from tests.guestvisits.effects.world import World
from tests.support.function_calls import count_statements
from tests.support.registries import Registered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pending_post(world: World, registered: Registered) -> Message:
    """A greeting of Ada in group B's channel, and no other message."""
    visit = world.book("Ada", "B")
    world.work()
    Message.objects.filter(key=f"guest_joins:{visit.pk}").delete()
    post = Message(
        key=f"guest_joins:{visit.pk}",
        kind="guest_joins",
        channel=Message.Channel.DISCORD_CHANNEL,
        group_id=world.group("B").pk,
        user_id=None,
        due_at=world.now,
        cutoff_at=world.now + timedelta(hours=1),
        context={"visit": visit.pk},
    )
    registered.only(message_sources, lambda *_: [post])
    return post


def count_queries(world: World, post: Message) -> int:
    """Collect the message; return how many queries that takes."""
    with CaptureQueriesContext(connection) as captured:
        assert collect([post.group_id], now=world.now) == 1
    return count_statements(captured)


def test_it_syncs_discord_alone_with_few_queries_and_no_call_to_google(world, pending_post):
    group, newest = pending_post.group_id, world.sandbox.last
    calendar = GroupSync.objects.get(group=group, provider="calendar")
    assert count_queries(world, pending_post) <= 11

    world.work()
    assert world.sandbox.calls(newest, service="google") == []
    assert [call["method"] for call in world.sandbox.writes(newest)] == ["POST"]
    assert Message.objects.get(key=pending_post.key).state == Message.State.SENT
    unchanged = GroupSync.objects.get(pk=calendar.pk)
    assert unchanged.generation == calendar.generation
