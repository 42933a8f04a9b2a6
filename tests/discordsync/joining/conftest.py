"""A cohort that staff realized and whose people are not in the server, in both sandboxes."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cohorts.models import Group, Installation
from tests.guestvisits.effects.world import World
from tests.support.academy import Academy

NOW = datetime(2027, 3, 10, 12, tzinfo=UTC)  # clocks change in Europe on 28 March


@pytest.fixture
def world(db: None, sandbox, set_clock, settings) -> World:
    """It is NOW. Groups A, B and C meet from Sunday 28 March on; nothing is set up yet."""
    settings.DISCORD_INVITE_URL = "https://discord.gg/ours"
    Installation.objects.ensure(NOW)
    set_clock(NOW)
    sandbox.set_clock(NOW)
    world = World(sandbox, set_clock, Academy(NOW, meetings=3))
    Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
    return world
