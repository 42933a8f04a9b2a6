"""A worker that dies while it writes to somebody directly."""

from __future__ import annotations

import pytest

from tests.discordsync.standing import look_again
from tests.support.workers import bury, start

pytestmark = pytest.mark.django_db(transaction=True)
HERE = ("MESSAGE_KINDS", "MESSAGE_TOPICS", "TEMPLATES")


@pytest.mark.parametrize("kind", ["hold", "hold_after"])
@pytest.mark.parametrize("path", ["/users/@me/channels$", "/messages$"])
def test_killed_before_or_after_a_call_it_is_sent_once(world, settings, kind, path):
    alice = world.people[0]
    world.want_directly(alice)
    world.owe(alice)
    world.sandbox.set_faults({"kind": kind, "path": path, "method": "POST", "nth": 1})

    process = start("discord", **{name: getattr(settings, name) for name in HERE})
    world.sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    world.sandbox.set_faults()
    look_again()
    world.work()

    assert world.directs() == {alice.discord_id: ["Hello"]}
    assert world.note_to(alice).state == "sent"
    assert world.letters_to(alice) == 0
