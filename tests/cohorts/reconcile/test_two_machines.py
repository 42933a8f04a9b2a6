"""Two workers on two machines with one database, of which one loses its network in a run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cohorts import clock
from cohorts.models import User
from cohorts.reconcile.models import ProviderState
from guestvisits.services.booking import book_visit
from meetings.models import Meeting
from tests.cohorts.reconcile.test_at_once import check_one_of_everything
from tests.support.cohort import MadeCohort, are_in_sync, join, make_cohort, realize
from tests.support.machines import Machine
from tests.support.processes import wait_until
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
PATIENCE = 60
# Long enough for a busy machine to renew it, and short enough to wait for its end.
SHORT = {"lease_seconds": 5.0, "renew_below_seconds": 4.0, "call_seconds": 5.0}
# A held call must last until the network is lost, however busy the machine.  lens.E005 forbids a
# limit beyond the lease's end, as such a call could still be carried out then; without a network
# this one cannot.
HELD = {"call_seconds": 60.0, "run_seconds": 80.0}

StartMachine = Callable[..., Machine]


@pytest.fixture
def start_machine(sandbox: RunningSandbox, tmp_path: Path, settings: Any) -> Iterator[StartMachine]:
    made: list[Machine] = []

    def start(name: str, *mirrors: str, **sync_here: float) -> Machine:
        sync = {**settings.SYNC, **SHORT, **sync_here}
        made.append(Machine(name, tmp_path, sandbox, *mirrors, SYNC=sync))
        return made[-1]

    yield start
    for machine in made:
        machine.end()


def test_when_one_loses_its_network_in_a_run_the_other_finishes_and_nothing_exists_twice(
    sandbox: RunningSandbox, start_machine: StartMachine
) -> None:
    made = make_cohort(groups=3, members=3)
    join(sandbox, made.people)
    realize(made)
    sandbox.set_faults({"kind": "hold_after", "service": "discord", "wrote": True, "nth": 7})
    heron = start_machine("heron", "discord", "calendar", **HELD)
    sandbox.wait_for_call(held=True)
    tern = start_machine("tern", "discord", "calendar")
    wait_until(lambda: holder("discord") == "heron", PATIENCE, "Heron does not hold Discord")
    wait_until(lambda: len(series(sandbox)) == 3, PATIENCE, "Tern did not set up the calendar")

    assert sandbox.calls(held=True), "Heron's call was over before its network was"
    heron.lose_network()
    sandbox.set_faults()  # Discord's answer reaches no one
    wait_until(lambda: holder("discord") == "tern", PATIENCE, "Tern did not take over Discord")
    wait_until(lambda: are_in_sync(made), PATIENCE, "Tern did not finish")
    check_one_of_everything(sandbox, made)

    alice, bob = (made.people[n] for n in (1, 2))
    check_visit(sandbox, made, alice)
    newest, turns = sandbox.last, heron.count_turns()
    heron.regain_network()
    wait_until(lambda: heron.count_turns() > turns + 2, PATIENCE, "Heron did not come back")
    assert sandbox.writes(since=newest) == []

    tern.end()
    check_visit(sandbox, made, bob)
    assert set(Counter(series(sandbox)).values()) == {1}


def holder(provider: str) -> str:
    """Return the name of the machine that holds a provider's lease."""
    return ProviderState.objects.get(provider=provider).holder.partition(":")[0]


def series(sandbox: RunningSandbox) -> list[str]:
    """Return the names of the events in the calendar that repeat."""
    events = sandbox.get("state")["google"]["events"].values()
    fields = [event["fields"] for event in events]
    return [each["summary"] for each in fields if "recurrence" in each]


def check_visit(sandbox: RunningSandbox, made: MadeCohort, guest: User) -> None:
    """A member of the first group visits the second one, and each call is made once."""
    home, host = (Meeting.objects.get(group=group, number=1) for group in made.groups[:2])
    since = sandbox.last
    book_visit(guest.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=clock.now())
    wait_until(lambda: are_in_sync(made), PATIENCE, "the visit was not carried out")
    writes = sandbox.writes(since)
    grants = [each for each in writes if re.search(rf"/members/{guest.discord_id}/", each["path"])]
    invitations = [each for each in writes if str(guest.email) in str(each["body"])]
    assert (len(grants), len(invitations)) == (1, 1)
