"""Random acts of people and random faults for two minutes; then everything is as it should be.

`CHAOS_SECONDS` and `CHAOS_SEED` repeat a run, as far as real processes can be repeated.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.checker import Checker
from tests.chaos.installation import COMMANDS, ChaosInstallation
from tests.chaos.people import People
from tests.lens.demo.test_run import free_ports

SECONDS = float(os.environ.get("CHAOS_SECONDS", "120"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
EVERY = 5  # seconds between two faults
CALM = 300  # seconds in which everything must be right again
pytestmark = [pytest.mark.modes, pytest.mark.timeout(SECONDS + 900)]


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[ChaosInstallation]:
    made = ChaosInstallation(tmp_path / "var", random.Random(SEED), free_ports())
    try:
        made.start()
        yield made
    finally:
        made.end()


def test_after_chaos_everything_is_there_once_and_nothing_is_lost(
    installation: ChaosInstallation, capsys: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(SEED)
    people = People(installation, chance)
    checker = Checker(installation, people)
    installation.run("realize_cohort", installation.sql("SELECT name FROM cohorts_cohort")[0][0])
    ends = time.monotonic() + SECONDS
    strikes = time.monotonic() + EVERY
    while time.monotonic() < ends:
        people.act()
        if time.monotonic() > strikes:
            installation.strike()
            strikes = time.monotonic() + EVERY
    settle(installation, checker)
    faults = checker.find_faults()
    with capsys.disabled():
        print(  # noqa: T201
            f"\nchaos, seed {SEED}: {people.confirmed} acts confirmed, {people.missed.total()} "
            f"without an answer, {len(installation.log)} faults, {len(people.promises)} visits"
        )
    story = "\n".join([f"seed {SEED}", *installation.log])
    assert not faults, "\n".join([*faults, story])
    assert people.confirmed > SECONDS / 10, f"hardly anything happened\n{story}"
    check_the_checker(installation, checker, people)


def check_the_checker(installation: ChaosInstallation, checker: Checker, people: People) -> None:
    """What it found right, it finds wrong once it is: a role too many, a visit that is lost."""
    installation.stop()
    installation.control("create", {"kind": "role", "fields": {"name": "Twin"}})
    installation.sql(
        "UPDATE cohorts_membership SET status = 'dropped', left_at = now() RETURNING id"
    )
    people.promises[0, 0] = 1
    faults = "\n".join(checker.find_faults())
    assert "roles: too many" in faults
    assert "access: too many" in faults
    assert "invitations: too many" in faults
    assert "(0, 0) was told 1, and has None" in faults


def settle(installation: ChaosInstallation, checker: Checker) -> None:
    """Everything runs again, and comes to rest."""
    installation.calm()
    installation.thaw()
    for name in COMMANDS:
        installation.ensure(name)

    deadline = time.monotonic() + CALM
    while unfinished := checker.find_unfinished():
        for name in COMMANDS:
            installation.ensure(name)
        story = "\n".join([*unfinished, f"seed {SEED}", *installation.log])
        assert time.monotonic() < deadline, f"not at rest after {CALM} s:\n{story}"
        time.sleep(0.5)
