"""What a provider offers for `verify_services`: experiments, and the probes that judge them.

An experiment makes calls on scratch objects and returns its answers. A probe belongs to one
assumption of docs/assumptions.md and judges answers; `judge` is pure. Several probes may judge the
answers of one experiment, because calls are few.

A slow experiment is started by one command and read by a later one: `act` returns what to keep (as
JSON), and `read` gets it back with the time that has passed.
"""

from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from cohorts.reconcile.models import ScratchObject
from cohorts.registries import Registry

Answers = Mapping[str, Any]


class NotTried(Exception):
    """An assumption cannot be tried; the message is the reason, as a sentence."""


class BudgetSpent(NotTried):
    """The run may make no more calls."""


class ProbeVerdict(StrEnum):
    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    NOT_TRIED = "not tried"
    WAITING = "waiting"  # a slow experiment was started, and it is too early to tell


@dataclass(frozen=True, slots=True)
class Judgement:
    """`value`: what was found, in a word or two. `detail`: a reason, or what Lens then does."""

    verdict: ProbeVerdict
    value: str = ""
    detail: str = ""


TOO_EARLY = Judgement(ProbeVerdict.WAITING, detail="It is too early to tell.")


def confirm_if(found: object, value: str = "") -> Judgement:
    return Judgement(ProbeVerdict.CONFIRMED if found else ProbeVerdict.REFUTED, value)


@dataclass(frozen=True, slots=True)
class Probe:
    """`assumption`: its number in docs/assumptions.md, "-" for none; as a sentence in `states`.

    `otherwise`: what Lens does if it is wrong. `judge` may raise NotTried.
    """

    assumption: str
    name: str
    states: str
    otherwise: str
    judge: Callable[[Answers], Judgement]


def probe(
    assumption: str, states: str, otherwise: str
) -> Callable[[Callable[[Answers], Judgement]], Probe]:
    """Make the decorated function, which judges the answers, a probe with its name."""
    return lambda judge: Probe(assumption, judge.__name__, states, otherwise, judge)


@dataclass(frozen=True, slots=True)
class Experiment:
    """`act` gets a `Bench`. Raises NotTried, or the errors of its client."""

    name: str
    act: Callable[[Any], Answers]
    probes: tuple[Probe, ...]


@dataclass(frozen=True, slots=True)
class SlowExperiment:
    """`read` gets the bench, what `act` returned, and the time since then."""

    act: Callable[[Any], Answers]
    read: Callable[[Any, Answers, timedelta], Answers]
    probe: Probe

    @property
    def name(self) -> str:
        return self.probe.name


@dataclass(frozen=True, slots=True)
class Verification:
    """What a provider registers.

    `connect` gets a function to be called at the start of each request, and returns a client.
    `remove` deletes a scratch object if it exists, with at most 2 calls; one without an id is found
    by its name, which no other object has. `untried`: a reason, as a sentence, and the numbers of
    assumptions. `refusals`: errors of the client that are answers, not failures.
    """

    name: str  # of the provider
    experiments: tuple[Experiment, ...]
    slow: tuple[SlowExperiment, ...]
    untried: Mapping[str, tuple[str, ...]]
    connect: Callable[[Callable[[], None]], AbstractAsyncContextManager[Any]]
    remove: Callable[[Any, ScratchObject], Coroutine[Any, Any, None]]
    refusals: tuple[type[Exception], ...] = ()


verifications: Registry[Verification] = Registry("verifications")
