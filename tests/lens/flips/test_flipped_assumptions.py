"""Each assumption read otherwise: the same short term ends in the same state.

What it costs more than with the default reading is recorded as properties of the test, and is
limited by the list.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core import mail
from django.db import transaction

from cohorts import clock
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import ProviderState
from cohorts.reconcile.services import request_realize
from tests.lens.flips.flip_list import FLIPS, Flip
from tests.lens.flips.flip_world import FlipWorld, Outcome, make_world
from tests.support.clock import SetClock
from tests.support.running_sandbox import RunningSandbox

pytestmark = pytest.mark.django_db

EACH_FLIP = [pytest.param(flip, id=str(flip), marks=pytest.mark.matrix) for flip in FLIPS]

_outcomes: dict[datetime, Outcome] = {}


@pytest.fixture
def default(sandbox: RunningSandbox, set_clock: SetClock) -> Callable[[datetime], Outcome]:
    """Call it with the moment at which the term begins; the outcome with the default readings."""

    def find(now: datetime) -> Outcome:
        if now not in _outcomes:
            before = transaction.savepoint()
            world = make_world(sandbox, set_clock, now)
            world.live()
            _outcomes[now] = world.outcome()
            assert world.writes_nothing_more()
            transaction.savepoint_rollback(before)
            sandbox.reset()
            mail.outbox.clear()
            clock.forget_offset()
        return _outcomes[now]

    return find


@pytest.fixture(scope="module")
def now() -> datetime:
    """The same for all tests, which are compared with one outcome."""
    return datetime.now(UTC).replace(microsecond=0)


def flipped(flip: Flip, world: FlipWorld) -> Outcome:
    world.sandbox.post("discord/settings", flip.discord)
    world.calendar.behave(**flip.google)
    if flip.fault:
        world.sandbox.set_faults(flip.fault)
    world.live()
    return world.outcome()


@pytest.mark.parametrize("flip", EACH_FLIP)
def test_the_other_reading_ends_in_the_same_state(
    flip: Flip,
    sandbox: RunningSandbox,
    set_clock: SetClock,
    default: Callable[[datetime], Outcome],
    now: datetime,
    record_property: Callable[[str, Any], None],
) -> None:
    begin = datetime.now(UTC).replace(microsecond=0) if flip.seconds else now
    usual = default(begin)
    world = make_world(sandbox, set_clock, begin, ahead=flip.seconds)
    seen = flipped(flip, world)
    assert seen.state == usual.state
    assert seen.refused == ()
    assert world.writes_nothing_more()
    calls = seen.calls.total() - usual.calls.total()
    emails = seen.emails.total() - usual.emails.total()
    record_property("extra calls", calls)
    record_property("extra e-mails", emails)
    assert calls <= flip.most_calls
    assert emails <= flip.most_emails


def test_lens_asks_for_nothing_that_a_less_favourable_reading_refuses(
    default: Callable[[datetime], Outcome], now: datetime
) -> None:
    """So where a service refuses less than the sandbox, nothing is different."""
    assert default(now).refused == ()


def test_lens_never_sends_the_times_of_an_existing_series(
    default: Callable[[datetime], Outcome], now: datetime
) -> None:
    """So it makes no difference whether they reset those of exceptions."""
    patched = default(now).patched
    assert patched
    assert patched.isdisjoint({"start", "end", "recurrence"})


@pytest.mark.parametrize(("status", "code"), [(404, 10004), (403, 50001)])
def test_another_servers_id_is_reported_with_either_answer(
    sandbox: RunningSandbox, set_clock: SetClock, now: datetime, status: int, code: int
) -> None:
    world = make_world(sandbox, set_clock, now)
    sandbox.set_faults({"kind": "error", "status": status, "code": code, "path": r"/guilds/\d+$"})
    ids = [group.pk for group in world.academy.groups.values()]
    request_realize(ids, by=None, now=clock.now())
    run_once("discord")
    assert ProviderState.objects.get(provider="discord").issue == "wrong_guild"
    assert sandbox.writes(service="discord") == []
