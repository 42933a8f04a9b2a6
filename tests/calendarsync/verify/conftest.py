"""A calendar in the sandbox's usual mode: these tests set the modes that they find out."""

from __future__ import annotations

import pytest

from tests.calendarsync.conftest import NOW
from tests.calendarsync.seen import SeenCalendar
from tests.support.clock import SetClock
from tests.support.running_sandbox import RunningSandbox
from tests.support.verifying import verify

__all__ = ["calendar", "verify"]


@pytest.fixture
def calendar(
    only_calendar: None, installed: None, sandbox: RunningSandbox, set_clock: SetClock
) -> SeenCalendar:
    set_clock(NOW)
    sandbox.set_clock(NOW)
    return SeenCalendar(sandbox, set_clock)
