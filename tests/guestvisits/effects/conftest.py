"""A guest visit, the whole way: both providers, both sandboxes, one clock."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cohorts.models import Group, Installation
from tests.guestvisits.effects.world import World
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce
from tests.support.running_sandbox import RunningSandbox

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a Monday; daylight saving begins within the term
GROUPS = {"A": ("Ada", "Alan"), "B": ("Bea", "Ben"), "C": ("Cleo", "Carl")}


@pytest.fixture
def _facts_alone() -> None:
    """Here, other than for the tests of facts, the providers look."""


@pytest.fixture(autouse=True)
def _way(request: pytest.FixtureRequest, settings) -> None:
    """For tests that are `both_ways`."""
    if "way" in request.fixturenames:
        settings.CALENDAR_GUEST_INVITATION = request.getfixturevalue("way")


@pytest.fixture
def installed(db: None) -> None:
    """The first start is behind us; without it the clock would have nowhere to be kept."""
    Installation.objects.ensure(NOW)


@pytest.fixture
def world(
    installed: None,
    _facts_alone: None,
    sandbox: RunningSandbox,
    set_clock: SetClock,
    build_once: BuildOnce,
) -> World:
    """It is NOW; groups A, B and C meet in three, four and five days, and each has two members."""
    set_clock(NOW)
    sandbox.set_clock(NOW)

    def build() -> Academy:
        world = World(sandbox, set_clock, Academy(NOW, meetings=3))
        Group.objects.update(status=Group.Status.PREVIEW, set_up_at=None)
        for group, names in GROUPS.items():
            for name in names:
                world.add(name, group)
        world.realize()
        world.calendar.forget_mails()
        assert world.troubles() == []
        return world.academy

    return World(sandbox, set_clock, build_once("three groups in both services", build))
