"""The previous release runs beside this version on one database while people use both.

Its web process and worker go on while `manage.py upgrade` migrates, is killed and repeated. Then
this version's processes join them, either worker takes what the other's web process queued, and the
former ones stop. The checker reads the outside and the database without any code of Lens.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from lens.demo.local import ADMIN
from tests.chaos.checker import Checker
from tests.chaos.installation import COMMANDS
from tests.chaos.people import People
from tests.lens.demo.test_run import free_ports
from tests.lens.upgrade.two_releases import (
    Reader,
    TwoReleases,
    find_unusable_columns,
    free_port,
)
from tests.support.processes import ROOT, wait_until

ACTS = 8  # that are confirmed, in each phase
ACT_SECONDS, REST_SECONDS = 300, 300
PAGES = 60

pytestmark = [pytest.mark.matrix, pytest.mark.timeout(1800)]


@pytest.fixture
def both(tmp_path: Path) -> Iterator[TwoReleases]:
    made = TwoReleases(tmp_path / "var", free_ports(), free_port())
    try:
        made.start_former()
        yield made
    finally:
        made.end()


def test_both_releases_serve_people_during_an_upgrade_and_the_backup_leads_back(
    both: TwoReleases, tmp_path: Path
) -> None:
    people = People(both, random.Random(15), sites=(both.former_site,))
    checker = Checker(both, people)
    ((cohort,),) = both.sql("SELECT name FROM cohorts_cohort")
    both.run("realize_cohort", cohort, root=both.former)
    act(people)
    wait_for_rest(checker)
    dump = both.run("backup", "--folder", str(tmp_path / "backups")).split(" (")[0]
    visits = both.sql("SELECT * FROM guestvisits_guestvisit ORDER BY id")

    columns = both.read_columns()
    applied, pending = both.list_applied(), find_pending(both)
    if pending:
        kill_in_the_middle(both)
    upgrade = both.begin_upgrade()
    act_until(people, lambda: upgrade.poll() is not None)
    assert upgrade.returncode == 0, upgrade.communicate()[0]
    assert both.list_applied() - applied == pending
    assert find_unusable_columns(columns, both.read_columns()) == []

    # This version's web process queues, and only the former worker is there.
    both.ensure("web")
    both.wait_for(both.local.site_url, "web")
    people.sites = (both.former_site, both.local.site_url)
    act(people)
    wait_for_rest(checker)
    assert any(name.startswith("sync ") for name in both.list_runs("former-worker"))

    both.ensure("worker")
    both.ensure("bot")
    act(people, 2 * ACTS)
    for email in (ADMIN, people.learners[0][1], people.facilitators[0][1]):
        answers = Reader(both.former_site, email).read_pages(PAGES)
        assert [path for path, status in answers.items() if status >= 500] == []
    wait_for_rest(checker)

    # The former web process queues, and only this version's worker is there.
    both.stop_gracefully("former-worker")
    both.stop_gracefully("former-bot")
    people.sites = (both.former_site,)
    act(people)
    wait_for_rest(checker)
    are_named = [name.startswith("sync ") for name in both.list_runs("worker")]
    assert all(are_named) == both.former_names_its_runs
    both.stop_gracefully("former-web")
    people.sites = (both.local.site_url,)
    act(people)
    wait_for_rest(checker)

    assert checker.find_faults() == []
    assert (dict(people.missed), people.unclear) == ({}, set())
    assert both.sql("SELECT func, result FROM django_q_task WHERE NOT success") == []
    assert both.list_errors() == []
    go_back(both, Path(dump), visits)


def go_back(both: TwoReleases, dump: Path, visits: list[tuple[object, ...]]) -> None:
    """Restore the backup as docs/operations.md says, and start the previous release with it."""
    assert "No migrations to apply" in both.run("migrate", root=both.former)  # it refuses nothing
    both.end_processes(*COMMANDS)
    url = both.create_database("lens_back")
    both.run("restore", str(dump), DATABASE_URL=url)
    assert both.sql("SELECT * FROM guestvisits_guestvisit ORDER BY id", url) == visits
    last = both.outside("/_sandbox/calls?since=0")["last"]
    both.launch("former-worker", *COMMANDS["worker"], root=both.former, DATABASE_URL=url)
    asked = "Nothing is changed or sent"
    wait_until(lambda: asked in both.read_log("former-worker"), 60, "it does not ask")
    calls = both.outside(f"/_sandbox/calls?since={last}")["calls"]
    assert [call for call in calls if call["wrote"]] == []


def find_pending(both: TwoReleases) -> set[str]:
    """Return the names of the migrations that this version has and the database has not."""
    found = {file.stem for file in ROOT.glob("*/migrations/[0-9]*.py")}
    found |= {file.stem for file in ROOT.glob("*/*/migrations/[0-9]*.py")}
    return found - both.list_applied()


def kill_in_the_middle(both: TwoReleases) -> None:
    """Kill an upgrade while a migration waits for a table that a reader uses.

    The reader goes on to another table, which the migration has locked before: no deadlock.
    """
    with psycopg.connect(both.database) as reader:
        reader.execute("SELECT count(*) FROM meetings_meeting")
        upgrade = both.begin_upgrade()
        wait_until(
            lambda: both.sql(
                "SELECT 1 FROM pg_locks WHERE relation = 'meetings_meeting'::regclass"
                " AND NOT granted AND mode = 'AccessExclusiveLock'"
            ),
            60,
            "no migration comes to this table: let the reader hold one that a new migration alters",
        )
        reader.execute("SELECT count(*) FROM meetings_attendance")
        upgrade.send_signal(signal.SIGKILL)
        upgrade.communicate()
    assert "0028_allowed_absences" in both.list_applied()
    assert "0008_attendance_ledger" not in both.list_applied()


def act(people: People, number: int = ACTS) -> None:
    wanted = people.confirmed + number
    act_until(people, lambda: people.confirmed >= wanted)


def act_until(people: People, is_enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + ACT_SECONDS
    while not is_enough():
        people.act()
        assert time.monotonic() < deadline, (people.refused, people.missed)


def wait_for_rest(checker: Checker) -> None:
    deadline = time.monotonic() + REST_SECONDS
    while unfinished := checker.find_unfinished():
        assert time.monotonic() < deadline, unfinished
        time.sleep(0.5)
