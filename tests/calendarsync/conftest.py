"""A calendar, an academy whose groups are in it, and what people would see there."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile.provider import providers
from tests.calendarsync.behaviour import USUAL, GoogleMode, run_in_modes
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce
from tests.support.registries import Registered
from tests.support.running_sandbox import RunningSandbox

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)  # a Monday
pytest_generate_tests = run_in_modes
GROUPS = {"A": ("Ada", "Alan"), "B": ("Bea", "Ben"), "C": ("Cleo", "Carl")}


@pytest.fixture
def only_calendar(registered: Registered) -> None:
    registered.only(providers, "calendar")


@pytest.fixture
def installed(db: None) -> None:
    """The first start is behind us."""
    Installation.objects.ensure(NOW)


@pytest.fixture
def calendar(
    only_calendar: None,
    installed: None,
    sandbox: RunningSandbox,
    set_clock: SetClock,
    google_mode: GoogleMode,
) -> SeenCalendar:
    """An empty calendar at NOW; the product's clock and the sandbox's agree."""
    set_clock(NOW)
    sandbox.set_clock(NOW)
    calendar = SeenCalendar(sandbox, set_clock)
    if google_mode != USUAL:
        calendar.behave(**google_mode._asdict())
    return calendar


@pytest.fixture
def academy(calendar: SeenCalendar, build_once: BuildOnce) -> Academy:
    """Groups A, B and C with two members each, not yet realized."""

    def build() -> Academy:
        academy = Academy(clock.now())
        for group, names in GROUPS.items():
            for name in names:
                academy.add_member(name, group)
        return academy

    return build_once("three groups for the calendar", build)


@pytest.fixture
def realized(academy: Academy, calendar: SeenCalendar, build_once: BuildOnce) -> Academy:
    """The same, with its three series made and the mails about them forgotten."""

    def build() -> None:
        calendar.realize(academy)
        calendar.forget_mails()

    build_once("three groups in the calendar", build)
    return academy
