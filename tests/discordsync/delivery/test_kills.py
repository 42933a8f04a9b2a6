"""A worker that dies while it writes to someone directly."""

from __future__ import annotations

import pytest

from tests.discordsync.guild_state import look_again
from tests.support.spread import in_matrix
from tests.support.workers import bury, start

pytestmark = pytest.mark.django_db(transaction=True)
OPENING, SENDING = "/users/@me/channels$", "/messages$"
BEFORE, AFTER = "hold", "hold_after"  # where the worker dies: before a call's effect, or after it


def check_killed(world, settings, path, kind):
    alice = world.people[0]
    world.want_directly(alice)
    world.add_notes(alice)
    world.sandbox.set_faults({"kind": kind, "path": path, "method": "POST", "nth": 1})

    process = start("discord", TEMPLATES=settings.TEMPLATES)
    world.sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    world.sandbox.set_faults()
    look_again()
    world.work()

    assert world.direct_messages() == {alice.discord_id: ["Hello"]}
    assert world.note_to(alice).state == "sent"
    assert world.emails_to(alice) == 0


@pytest.mark.parametrize(("path", "kind"), [(SENDING, AFTER), in_matrix(OPENING, AFTER)])
def test_killed_after_a_call_it_is_sent_once(world, settings, path, kind):
    check_killed(world, settings, path, kind)


@pytest.mark.matrix
@pytest.mark.parametrize("path", [OPENING, SENDING])
def test_killed_before_a_call_it_is_sent_once(world, settings, path):
    check_killed(world, settings, path, BEFORE)
