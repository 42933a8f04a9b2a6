"""A large roster is imported by a worker: once, all of it or nothing, and only as confirmed."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import UTC, datetime
from functools import partial

import pytest
from django.db import connections

from cohorts.models import ActivityEntry, Membership, RosterImport, User
from cohorts.roster.importing import preview_roster
from cohorts.roster.waiting.services import GIVEN_UP, ask_for_import, carry_out_import
from cohorts.roster.waiting.tasks import import_waiting
from cohorts.signals import members_changed
from tests.support.race import race
from tests.support.roster import make_file, make_line

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
FILE = make_file(make_line("Alice"), make_line("Bob", 2)).encode()


@pytest.fixture
def staff(without_providers: None) -> User:
    return User.objects.create_user("staff@example.org", name="Staff", is_staff=True)


def ask(staff: User, data: bytes = FILE, digest: str = "") -> RosterImport:
    digest = digest or preview_roster(data).digest
    return ask_for_import("a", "a.csv", data, confirmed=digest, terms=None, by=staff, now=NOW)


def test_it_is_imported_once_by_whoever_confirmed_it(staff):
    asked = ask(staff)
    assert ask(staff) == asked, "a second click"
    assert not Membership.objects.exists()

    assert race(*[import_waiting] * 3) == ["done"] * 3

    asked.refresh_from_db()
    assert (asked.state, bytes(asked.data)) == ("done", b"")
    assert asked.outcome == [
        "1 new course, 1 new cohort, 1 new group, 2 new people, 2 people join."
    ]
    assert Membership.objects.count() == 2
    assert ActivityEntry.objects.get().actor == staff.pk
    assert ask(staff, digest=asked.confirmed) == asked, "a click on a page from before"


def test_a_new_preview_of_the_same_upload_is_imported_again(staff):
    asked = ask(staff)
    import_waiting()
    Membership.objects.first().delete()
    assert ask(staff) != asked
    import_waiting()
    assert Membership.objects.count() == 2


def test_two_clicks_at_once_ask_for_one_import(staff):
    """The second one would be refused, since the first has changed what its preview showed."""
    assert race(*[partial(ask, staff)] * 4) == ["done"] * 4
    assert RosterImport.objects.count() == 1


def test_a_file_that_was_refused_can_be_confirmed_again(staff):
    refused = ask(staff)
    User.objects.create_user("p2@example.org", name="Bob")
    import_waiting()
    assert ask(staff) != refused
    import_waiting()
    assert Membership.objects.count() == 2


def test_nothing_is_imported_if_something_has_changed_since_the_preview(staff):
    asked = ask(staff)
    User.objects.create_user("p2@example.org", name="Bob")
    import_waiting()
    asked.refresh_from_db()
    assert asked.state == "refused"
    assert asked.outcome[0].startswith("This cohort was changed by someone else.")
    assert not Membership.objects.exists()


def test_a_killed_worker_leaves_it_to_the_next_one(staff):
    asked = ask(staff)
    connections.close_all()
    worker = multiprocessing.get_context("fork").Process(target=die_while_importing)
    worker.start()
    worker.join(60)
    assert worker.exitcode == -signal.SIGKILL
    asked.refresh_from_db()
    assert (asked.state, asked.attempts) == ("waiting", 1)
    assert not Membership.objects.exists()

    import_waiting()
    carry_out_import(asked.pk, now=NOW)
    assert Membership.objects.count() == 2
    assert ActivityEntry.objects.count() == 1


def die_while_importing() -> None:
    members_changed.connect(kill_this_process)
    import_waiting()


def kill_this_process(**_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_one_that_fails_stops_no_other_and_is_given_up(staff, caplog):
    asked = ask(staff)
    RosterImport.objects.update(data=b"not compressed", token="b")
    other = ask(staff)
    for _ in range(4):
        import_waiting()
    asked.refresh_from_db()
    other.refresh_from_db()
    assert (asked.state, asked.outcome, asked.attempts) == ("refused", [GIVEN_UP], 3)
    assert other.state == "done"
    assert "was given up" in caplog.text
