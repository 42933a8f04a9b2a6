"""What people still have to do before they can see where their group meets.

A place to meet may have to be joined first. Only the higher layer that manages it knows who has, so
it registers a function that returns a person's remaining steps.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from cohorts.models import User
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class JoinStep:
    """One thing to do, with the page where it is done."""

    label: str
    url: str


FindSteps = Callable[[User, datetime], Iterable[JoinStep]]

join_steps: Registry[FindSteps] = Registry("steps to join")


def find_join_steps(person: User, now: datetime) -> tuple[JoinStep, ...]:
    """Return what the person still has to do; empty if nothing is left or it is not known."""
    return tuple(chain.from_iterable(find(person, now) for find in join_steps.values()))
