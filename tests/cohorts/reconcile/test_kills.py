"""A worker that dies, and answers that are lost: afterwards the outside is as if nothing was."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.core.management import call_command

from cohorts import clock
from tests.support.cohort import join, make_cohort, realize
from tests.support.spread import in_matrix, spread, thin
from tests.support.workers import bury, finish, start
from tests.support.worlds import describe_guild

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]

WRITES = 32  # of a whole realize of this cohort; `rehearse` holds the number to the truth
ALL = range(1, WRITES + 1)
KILLS = (1, 2, 3, 5, 8, 13, 21, WRITES)  # CI tries each of these
LOST_ANSWERS = (1, 2, 4, 9, 16, 27)


def sampled(numbers, *sample):
    """`make test` tries the sample, the matrix the rest."""
    return [pytest.param(n, marks=() if n in sample else pytest.mark.matrix) for n in numbers]


def prepare(sandbox, start_date):
    made = make_cohort(groups=3, members=3, start_date=start_date)
    join(sandbox, made.people)
    realize(made)
    return made


UNDISTURBED: dict[date, object] = {}  # what one realize makes, rehearsed once in each process


def rehearse(sandbox):
    """Return the prepared cohort, and what a realize that nothing disturbs makes of it."""
    start_date = (clock.now() + timedelta(days=1)).date()
    if start_date not in UNDISTURBED:
        prepare(sandbox, start_date)
        finish(start("discord"))
        assert len(sandbox.writes()) == WRITES
        UNDISTURBED[start_date] = describe_guild(sandbox.get("state"))
        call_command("flush", interactive=False, verbosity=0, reset_sequences=False)
        sandbox.reset()
    return prepare(sandbox, start_date), UNDISTURBED[start_date]


def kill_at_write(sandbox, n):
    """A worker dies right after its n-th write had its effect."""
    sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": n})
    process = start("discord")
    sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    sandbox.set_faults()


def check_killed_at(sandbox, n):
    made, undisturbed = rehearse(sandbox)

    kill_at_write(sandbox, n)
    finish(start("discord"))

    assert describe_guild(sandbox.get("state")) == undisturbed
    assert {group.status for group in made.refresh().groups} == {"active"}


def check_disturbed(sandbox, fault):
    made, undisturbed = rehearse(sandbox)

    sandbox.set_faults(fault)
    finish(start("discord"))

    assert sandbox.get("faults")[0]["hits"] >= 1
    assert describe_guild(sandbox.get("state")) == undisturbed
    assert {group.status for group in made.refresh().groups} == {"active"}


@pytest.mark.parametrize("n", [*sampled(KILLS, 13), *thin(n for n in ALL if n not in KILLS)])
def test_a_worker_killed_after_any_write_leaves_nothing_twice_and_nothing_missing(sandbox, n):
    check_killed_at(sandbox, n)


LOST = {
    "the answer is lost": {"kind": "drop_after"},
    "an error follows the effect": {"kind": "error_after", "status": 500},
    "a bad gateway follows the effect": {"kind": "error_after", "status": 502},
    "the service is overloaded": {"kind": "error", "status": 503},
    "the connection breaks before": {"kind": "drop"},
    "too many calls": {"kind": "rate_limit", "retry_after": 0.05},
}


@pytest.mark.parametrize("n", sampled(LOST_ANSWERS, 9))
@pytest.mark.parametrize("kind", ["the answer is lost", in_matrix("an error follows the effect")])
def test_an_answer_lost_after_its_effect_makes_nothing_twice(sandbox, kind, n):
    check_disturbed(sandbox, {**LOST[kind], "wrote": True, "nth": n})


@pytest.mark.parametrize(("kind", "n"), spread(LOST, ALL, every=6))
def test_with_any_failure_of_any_write_the_end_is_the_same(sandbox, kind, n):
    check_disturbed(sandbox, {**LOST[kind], "wrote": True, "nth": n})


@pytest.mark.parametrize(
    "kind",
    [in_matrix("the service is overloaded"), in_matrix("too many calls")],
)
def test_every_third_call_refused_only_takes_longer(sandbox, kind):
    check_disturbed(sandbox, {**LOST[kind], "wrote": True, "every": 3})
