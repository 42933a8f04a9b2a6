"""Random acts of people and random faults; then everything is as it should be.

`CHAOS_SECONDS` and `CHAOS_SEED` repeat a run, as far as real processes can be repeated. A failure
says what differs, what was done when, and which errors were logged.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.chaos.checker import Checker
from tests.chaos.installation import COMMANDS, ChaosInstallation
from tests.chaos.people import People
from tests.chaos.staff import Staff
from tests.lens.demo.test_run import free_ports

SECONDS = float(os.environ.get("CHAOS_SECONDS", "180"))
SEED = int(os.environ.get("CHAOS_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
EVERY, PATIENCE = 5, 15  # seconds between two faults, and of one that lets no one act
BY_STAFF = 0.15  # of all acts
LEAST = SECONDS / 10  # acts that must be confirmed
EACH = ("book", "answer", "staff")  # begins the name of an act that must be confirmed once
# Promises, and answers, that must be left to compare at the end. After an hour nearly every meeting
# is one about which some act got no answer.
KNOWN = 1 if SECONDS <= 300 else 0
CALM = 300  # seconds in which something more must be right again
REST = 2 * CALM  # seconds in which everything must be: what went wrong is told before the timeout
pytestmark = [pytest.mark.matrix, pytest.mark.timeout(SECONDS + CALM + REST + 2 * CALM)]


@pytest.fixture
def installation(tmp_path: Path, django_db_blocker: Any) -> Iterator[ChaosInstallation]:
    made = ChaosInstallation(tmp_path / "var", random.Random(SEED), free_ports())
    try:
        with django_db_blocker.unblock():  # the kept schema is that of the tests' own cluster
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
    act_and_strike(installation, people, Staff(people))
    settle(installation, checker, people)
    faults = [*checker.find_faults(), *people.failed]
    with capsys.disabled():
        print(f"\nchaos: {summarize(installation, people)}")  # noqa: T201
    assert not faults, tell(faults, installation, people)
    lacking = find_lacking(people)
    assert not lacking, tell(lacking, installation, people)
    check_the_checker(installation, checker, people)


def act_and_strike(installation: ChaosInstallation, people: People, staff: Staff) -> None:
    """People act without a pause. A fault begins every five seconds, and later while no one could
    do anything since the last one: it ends after 15 seconds, and a busy machine takes longer to
    recover. A process may end late, or fail to start, so every 15 seconds it is started again.
    There is more time while too little has happened."""
    ends = time.monotonic() + SECONDS
    since, confirmed = time.monotonic(), -1
    while time.monotonic() < ends - EVERY or is_too_quiet(people, ends):
        (staff if people.chance.random() < BY_STAFF else people).act()
        waited = time.monotonic() - since
        if waited > EVERY and people.confirmed > confirmed:
            installation.strike()
            since, confirmed = time.monotonic(), people.confirmed
        elif waited > PATIENCE:
            installation.recover()
            since = time.monotonic()
    installation.never_end()
    at_least = time.monotonic() + EVERY
    while time.monotonic() < at_least or is_too_quiet(people, ends):
        people.act()
        for name in COMMANDS:
            installation.ensure(name)


def is_too_quiet(people: People, ends: float) -> bool:
    return time.monotonic() < ends + CALM and bool(find_lacking(people))


def find_lacking(people: People) -> list[str]:
    """What happened too rarely for the run to show anything."""
    lacking = [f"{people.confirmed} acts confirmed"] if people.confirmed <= LEAST else []
    lacking += [
        f"no act confirmed of kind {kind}"
        for kind in EACH
        if not any(done.startswith(kind) for done in people.done)
    ]
    promises, answers = people.count_known()
    if min(promises, answers) < KNOWN:
        lacking.append(f"{promises} promises and {answers} answers to compare")
    return lacking


def summarize(installation: ChaosInstallation, people: People) -> str:
    promises, answers = people.count_known()
    return (
        f"seed {SEED}, {SECONDS:.0f} s: {people.confirmed} acts confirmed "
        f"({', '.join(f'{kind} {number}' for kind, number in sorted(people.done.items()))}), "
        f"{people.refused.total()} refused, {people.missed.total()} without an answer, "
        f"{len(installation.log)} faults, {promises} of {len(people.promises)} promises and "
        f"{answers} of {len(people.answers)} answers to compare, {len(people.failed)} failures, "
        f"{len(people.changes)} changes by staff to find"
    )


def tell(wrong: list[str], installation: ChaosInstallation, people: People) -> str:
    """What someone needs who did not see the run."""
    installation.keep_database()
    return "\n".join(
        [
            *wrong,
            "",
            summarize(installation, people),
            f"again: CHAOS_SEED={SEED} CHAOS_SECONDS={SECONDS:.0f} make chaos",
            f"refused: {dict(people.refused)}; without an answer: {dict(people.missed)}",
            "",
            *installation.log,
            "",
            *installation.read_errors(),
            f"whole logs and a dump of the database: {installation.folder}",
        ]
    )


def check_the_checker(installation: ChaosInstallation, checker: Checker, people: People) -> None:
    """What it found right, it finds wrong once it is: a role too many, a visit that is lost."""
    installation.stop()
    installation.control("create", {"kind": "role", "fields": {"name": "Twin"}})
    installation.sql(
        "UPDATE cohorts_membership SET status = 'dropped', left_at = now() RETURNING id"
    )
    people.promises[0, 0] = -1  # no act without an answer can be about this meeting
    people.changes[0] = "SELECT id FROM cohorts_user WHERE id = 0"
    faults = "\n".join(checker.find_faults())
    assert "roles: too many" in faults
    assert "access: too many" in faults
    assert "invitations: too many" in faults
    assert "(0, 0) was told -1, and has None" in faults
    assert "staff changed 0" in faults


def settle(installation: ChaosInstallation, checker: Checker, people: People) -> None:
    """Everything runs again, and comes to rest.

    It may take longer on a busy machine, as long as less is left than ever before, and it ends
    before the test's own timeout, which would tell nothing.
    """
    last = time.monotonic() + REST
    installation.recover()
    ((since,),) = installation.sql("SELECT now()::text")
    least, deadline = float("inf"), 0.0
    while left := [*checker.find_asleep(since), *checker.find_unfinished()]:
        if len(left) < least:
            least, deadline = len(left), time.monotonic() + CALM
        if time.monotonic() > min(deadline, last):
            why = f"not at rest: no nearer for {CALM} s, or not within {REST} s:"
            pytest.fail(tell([why, *left], installation, people))
        for name in COMMANDS:
            installation.ensure(name)
        installation.pass_ten_minutes()
        time.sleep(0.5)
