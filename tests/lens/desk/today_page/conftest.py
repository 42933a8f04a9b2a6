"""Three groups whose week the Today page shows."""

from __future__ import annotations

import pytest

from cohorts.models import Cohort
from tests.lens.desk.today_page.people import NOW
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce

FIRST_DISCORD_ID = 200000000000000000


@pytest.fixture
def academy(set_clock: SetClock, without_providers: None, build_once: BuildOnce) -> Academy:
    """Groups A, B and C meet on Thursday, Friday and Saturday; each has Fay and three others."""
    set_clock(NOW)
    academy: Academy = build_once("three groups with their facilitators", make_academy)
    return academy


def make_academy() -> Academy:
    academy = Academy(NOW, meetings=3)
    for n, group in enumerate("ABC"):
        academy.add_facilitator(f"Fay {group}", group, discord_id=FIRST_DISCORD_ID + n)
        for number in range(3):
            academy.add_member(f"{group}nn{number}", group)
    return academy


@pytest.fixture
def cohort(academy: Academy) -> Cohort:
    return academy.cohort
