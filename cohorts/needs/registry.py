"""The registry of the kinds of item on the Today page."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from cohorts.needs.items import Need
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class NeedKind:
    """A kind of item: its name, what staff read as its heading, and what finds its items."""

    name: str
    title: str
    find: Callable[[OpenCohorts], Iterable[Need]]


need_kinds: Registry[NeedKind] = Registry("kinds of Today's items")
