"""Discord or Google fail at each call: a minute after they are back all is as if nothing was.

begin       a booking within the days of access: role, invitation, two messages
cancel      all of it taken back
close       the third day passes: farewell, then the role
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from cohorts.reconcile.models import GroupSync
from tests.guestvisits.effects.world import World
from tests.support.kept_worlds import BuildOnce
from tests.support.processes import wait_until
from tests.support.spread import spread, thin
from tests.support.workers import bury, finish, start, worker

pytestmark = pytest.mark.django_db(transaction=True)

DAY, MINUTE = timedelta(days=1), timedelta(minutes=1)

KINDS: dict[str, dict[str, Any]] = {
    "overloaded": {"kind": "error", "status": 503},
    "broken before": {"kind": "drop"},
    "broken after": {"kind": "drop_after"},
    "an error after": {"kind": "error_after", "status": 500},
    "too many calls": {"kind": "rate_limit", "retry_after": 0.05},
}


def book(world: World) -> None:
    world.book("Ada", "B")
    world.work()


def cancel(world: World) -> None:
    world.cancel("Ada", "B")
    world.work()


def close(world: World) -> None:
    world.move_clock(world.meeting("B").starts_at + 3 * DAY - 6 * MINUTE)
    world.minute()
    world.move_clock(world.meeting("B").starts_at + 3 * DAY)
    world.minute()


def assert_begun(world: World) -> None:
    assert world.access("Ada") == {"A", "B"}
    assert world.invited("Ada", "B") == [1]
    assert world.told("B") == ["Ada is joining"]
    assert world.told("A") == ["Ada is away"]
    assert_others_untouched(world)


def assert_cancelled(world: World) -> None:
    assert world.access("Ada") == {"A"}
    assert world.invited("Ada", "B") == []
    assert world.told("B") == ["Ada is joining", "Ada is not joining"]
    assert sum("is not away after all" in text for text in world.said("A")) == 1
    assert world.answers("Ada") == {"Group A 1": "pending"}
    assert_others_untouched(world)


def assert_closed(world: World) -> None:
    assert world.access("Ada") == {"A"}
    assert world.told("B") == ["Ada is joining", "Ada guest visit has ended"]
    assert_others_untouched(world)


def assert_others_untouched(world: World) -> None:
    answers = {one["email"][:3]: one["responseStatus"] for one in world.entries("B", but=["Ada"])}
    assert answers == {"bea": "accepted", "ben": "declined"}
    assert world.access("Bea") == {"B"}
    assert world.access("Cleo") == {"C"}


# What is done, what holds afterwards, and how many calls each service gets when nothing fails.
PHASES: dict[str, tuple[Callable[[World], None], Callable[[World], None], dict[str, int]]] = {
    "begin": (book, assert_begun, {"discord": 9, "google": 2}),
    "cancel": (cancel, assert_cancelled, {"discord": 9, "google": 2}),
    "close": (close, assert_closed, {"discord": 17, "google": 2}),
}
CALLS = [
    (phase, service, n)
    for phase, (_, _, calls) in PHASES.items()
    for service, count in calls.items()
    for n in range(1, count + 1)
]
SAMPLE = [
    (("begin", "discord", 7), "broken after"),
    (("begin", "google", 2), "an error after"),
    (("cancel", "discord", 8), "overloaded"),
    (("close", "discord", 17), "broken before"),
]


@pytest.fixture
def prepared(world: World, build_once: BuildOnce) -> World:
    """Members of group B have answered: nothing may happen to that."""
    build_once("members of group B have answered", lambda: answer(world))
    return world


def answer(world: World) -> None:
    world.calendar.respond(world.person("Bea"), "accepted", world.group("B"))
    ben, meeting = world.person("Ben"), world.meeting("B")
    world.calendar.respond(ben, "declined", world.group("B"), meeting)


@pytest.fixture
def before(prepared: World, build_once: BuildOnce) -> Callable[[str], World]:
    """Call it with a phase: that begins with Ada's visit, unless booking it is the phase."""

    def before(phase: str) -> World:
        if phase != "begin":
            build_once("Ada visits group B in both services", lambda: book(prepared))
        return prepared

    return before


def check(world: World, phase: str, service: str, n: int, kind: str) -> None:
    act, holds, _ = PHASES[phase]
    world.sandbox.set_faults({**KINDS[kind], "service": service, "nth": n})
    act(world)
    assert world.sandbox.get("faults")[0]["hits"] == 1
    world.sandbox.set_faults()
    world.minute()
    holds(world)
    assert_quiet(world)


def assert_quiet(world: World) -> None:
    """Nothing is wrong on any page, and the next look finds nothing to do."""
    assert world.troubles() == []
    seen = world.sandbox.last
    world.hour()
    assert world.sandbox.writes(since=seen) == []


@pytest.mark.matrix
@pytest.mark.parametrize("phase", PHASES)
def test_the_matrix_reaches_every_call(before: Callable[[str], World], phase: str) -> None:
    act, holds, counts = PHASES[phase]
    world = before(phase)
    seen = world.sandbox.last
    act(world)
    calls = {name: len(world.sandbox.calls(seen, service=name)) for name in counts}
    assert calls == counts
    world.minute()
    holds(world)
    assert_quiet(world)


@pytest.mark.parametrize(("call", "kind"), spread(CALLS, KINDS, every=5, always=SAMPLE))
def test_any_call_that_fails_costs_a_minute_at_most(before, call, kind):
    phase, service, n = call
    check(before(phase), phase, service, n, kind)


# -- a worker dies -------------------------------------------------------------------------------

DEATHS = [("begin", 3 + 1), ("cancel", 3 + 1)]  # the writes to Discord and to Google


def die_at_write(world: World, n: int) -> None:
    """A worker's process is killed right after its n-th write had its effect."""
    world.sandbox.set_faults({"kind": "hold_after", "wrote": True, "nth": n})
    process = start("discord", "calendar")
    world.sandbox.wait_for_call(held=True)
    bury(process)
    world.sandbox.set_faults()


def check_killed_at(world: World, phase: str, n: int) -> None:
    _, holds, _ = PHASES[phase]
    act = world.book if phase == "begin" else world.cancel
    act("Ada", "B")
    die_at_write(world, n)
    world.minute()
    holds(world)
    assert_quiet(world)


@pytest.mark.parametrize(
    ("phase", "n"),
    [
        pytest.param(phase, n, marks=() if (phase, n) == ("begin", 2) else pytest.mark.matrix)
        for phase, writes in DEATHS
        for n in range(1, writes + 1)
    ],
)
def test_a_worker_killed_after_any_write_leaves_it_to_the_next_minute(before, phase, n):
    check_killed_at(before(phase), phase, n)


# -- away for longer -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["unreachable", pytest.param("error", marks=pytest.mark.matrix)])
@pytest.mark.parametrize("phase", thin(PHASES, every=1, always=["close"]))
def test_both_services_away_across_the_moment(before, phase: str, kind: str) -> None:
    act, holds, _ = PHASES[phase]
    prepared = before(phase)
    away = {"kind": kind} | ({"status": 503} if kind == "error" else {})
    prepared.sandbox.set_faults({**away, "service": "discord"}, {**away, "service": "google"})
    act(prepared)
    prepared.minute()
    prepared.pass_time(minutes=6)
    prepared.minute()
    assert prepared.troubles() == ["unreachable", "unreachable"]
    assert not GroupSync.objects.filter(failures__gt=0).exists()
    prepared.sandbox.set_faults()
    prepared.minute()
    holds(prepared)
    assert_quiet(prepared)


@pytest.mark.matrix
def test_a_message_whose_answer_was_lost_is_not_sent_again_even_if_that_is_known_late(prepared):
    prepared.sandbox.set_faults(
        {"kind": "drop_after", "method": "POST", "path": "/messages$", "times": 2},
    )
    book(prepared)
    prepared.sandbox.set_faults({"kind": "unreachable", "service": "discord"})
    prepared.minute(2)
    prepared.pass_time(minutes=28)  # long past what a nonce is remembered
    prepared.minute()
    prepared.sandbox.set_faults()
    prepared.minute()
    assert_begun(prepared)


@pytest.mark.matrix
def test_a_greeting_that_never_arrived_is_not_sent_to_a_guest_who_has_cancelled(prepared):
    prepared.sandbox.set_faults({"kind": "error", "status": 503, "path": "/messages$"})
    book(prepared)
    cancel(prepared)
    prepared.sandbox.set_faults()
    prepared.minute(2)
    assert prepared.told("B") == prepared.told("A") == []
    assert prepared.access("Ada") == {"A"}


# -- the farewell holds nothing up ---------------------------------------------------------------

NO_MESSAGES = {"service": "discord", "method": "POST", "path": "/messages$"}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "status": 403, "code": 50013},
        pytest.param({"kind": "error", "status": 503}, marks=pytest.mark.matrix),
        pytest.param({"kind": "drop"}, marks=pytest.mark.matrix),
        pytest.param({"kind": "rate_limit", "retry_after": 60}, marks=pytest.mark.matrix),
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_access_ends_at_its_minute_though_no_message_gets_through(
    prepared: World, build_once: BuildOnce, fault
) -> None:
    guests = ("Ada", "Anne", "Axel", "Arno")

    def book_all() -> None:
        for name in guests[1:]:
            prepared.add(name, "A")
        for name in guests:
            prepared.book(name, "B")
        prepared.work()

    build_once("four guests of group B in both services", book_all)
    prepared.sandbox.set_faults({**fault, **NO_MESSAGES})
    prepared.move_clock(prepared.meeting("B").starts_at + 3 * DAY - 6 * MINUTE)
    prepared.minute(2)
    prepared.move_clock(prepared.meeting("B").starts_at + 3 * DAY)
    prepared.minute()
    assert [prepared.access(name) for name in guests] == [{"A"}] * 4
    farewells = [text for text in prepared.told("B") if text.endswith("guest visit has ended")]
    assert farewells == []

    prepared.sandbox.set_faults()
    prepared.pass_time(minutes=9)
    prepared.minute()
    prepared.hour()  # where only a person can help nothing is hurried
    farewells = [text for text in prepared.told("B") if text.endswith("guest visit has ended")]
    assert sorted(farewells) == sorted(f"{name} guest visit has ended" for name in guests)


@pytest.mark.matrix
def test_a_farewell_that_hangs_holds_up_no_one(prepared: World) -> None:
    book(prepared)
    prepared.sandbox.set_faults({"kind": "hold", **NO_MESSAGES})
    prepared.cancel("Ada", "B")
    with worker("discord") as process:
        prepared.sandbox.wait_for_call(held=True)
        wait_until(lambda: prepared.access("Ada") == {"A"}, 20, "the role is still there")
        assert prepared.sandbox.calls(held=True), "and the farewell hangs on"
        prepared.sandbox.set_faults()
        finish(process)
    prepared.minute()
    assert_cancelled(prepared)


def weekend(world: World) -> None:
    world.move_clock(world.meeting("B").starts_at + 5 * DAY)
    world.minute()


@pytest.mark.matrix
@pytest.mark.parametrize("end", [cancel, weekend])
def test_when_both_are_due_at_once_the_farewell_is_tried_first(prepared: World, end) -> None:
    book(prepared)
    seen = prepared.sandbox.last
    end(prepared)
    writes = prepared.sandbox.writes(since=seen, service="discord")
    to_home = "is not away after all"  # ends no access, so its place is not promised
    about_ada = [
        c
        for c in writes
        if "/roles/" in c["path"] or ("Ada" in str(c["body"]) and to_home not in str(c["body"]))
    ]
    steps = [call["method"] for call in about_ada]
    assert steps == ["POST", "DELETE"]
