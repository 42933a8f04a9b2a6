"""Drift as values: what differs outside, what staff may choose, and what follows.  Pure.

what differs                        harmless   choices
----------------------------------  ---------  ------------------------------------------
an object was deleted               no         recreate, forget, replace by another one
Lens can no longer see an object    no         replace by another one
it was edited in a way that Lens    no         none: the advice says what to do outside
  cannot undo
its name, place or permissions      yes        apply ours, keep as is

What a run corrects without asking is no drift.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any


class DriftKind(StrEnum):
    """The classes of drift, worst first."""

    DELETED = "deleted"
    HIDDEN = "hidden"
    EDITED = "edited"
    RENAMED = "renamed"
    MOVED = "moved"
    PERMISSIONS = "permissions"


HARMLESS = frozenset({DriftKind.RENAMED, DriftKind.MOVED, DriftKind.PERMISSIONS})


class DriftChoice(StrEnum):
    APPLY = "apply"
    KEEP = "keep"
    RECREATE = "recreate"
    FORGET = "forget"
    REPLACE = "replace"  # by another object, by its id


DRIFT_TITLES = {
    DriftKind.DELETED: "Deleted outside",
    DriftKind.HIDDEN: "Hidden from Lens",
    DriftKind.EDITED: "Changed by hand",
    DriftKind.RENAMED: "Renamed",
    DriftKind.MOVED: "Moved",
    DriftKind.PERMISSIONS: "Other permissions",
}
CHOICE_LABELS = {
    DriftChoice.APPLY: "Apply ours",
    DriftChoice.KEEP: "Keep as is",
    DriftChoice.RECREATE: "Recreate",
    DriftChoice.FORGET: "Forget",
    DriftChoice.REPLACE: "Use another one",
}
# These two stay in force, and staff can change their mind.
LASTING = frozenset({DriftChoice.APPLY, DriftChoice.KEEP})


@dataclass(frozen=True, slots=True)
class DriftOption:
    """A choice, and what follows from it.  `permission`: needed besides that to open the page."""

    choice: DriftChoice
    outcome: str
    permission: str = ""

    @property
    def label(self) -> str:
        return CHOICE_LABELS[self.choice]


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference of one object of a group, or of its cohort.

    `key` is the provider's own, unique within the group.  `ours` and `theirs` are for people;
    `value` is what exists outside, as the provider compares it.  `decided`: "" or a lasting choice
    that is in force for this value.  `since`: in ISO format, set when it is stored.
    """

    key: str
    kind: DriftKind
    what: str
    ours: str
    theirs: str
    options: tuple[DriftOption, ...] = ()
    value: str = ""
    decided: str = ""
    advice: str = ""
    since: str = ""

    @property
    def is_harmless(self) -> bool:
        return self.kind in HARMLESS

    @property
    def is_kept(self) -> bool:
        return self.decided == DriftChoice.KEEP

    @property
    def open_options(self) -> tuple[DriftOption, ...]:
        """Return the options that would change something."""
        return tuple(one for one in self.options if one.choice != self.decided)

    @property
    def digest(self) -> str:
        """Return what changes if anything that staff see of it changes."""
        seen = replace(self, since="")
        return hashlib.sha256(repr(seen).encode()).hexdigest()[:32]

    def find_option(self, choice: str) -> DriftOption | None:
        return next((one for one in self.open_options if one.choice == choice), None)


def read_drift(stored: Mapping[str, Any]) -> Drift:
    """Return a drift that was stored as JSON."""
    options = tuple(
        DriftOption(**{**one, "choice": DriftChoice(one["choice"])}) for one in stored["options"]
    )
    return Drift(**{**stored, "kind": DriftKind(stored["kind"]), "options": options})


def merge_drift(
    stored: Iterable[Mapping[str, Any]], found: Collection[Drift], now: datetime
) -> list[dict[str, Any]]:
    """Return what is found, as JSON to store, each with the time since when it has differed so."""
    since = {(one["key"], one["kind"], one["value"]): one["since"] for one in stored}
    return [
        asdict(replace(one, since=since.get((one.key, one.kind, one.value)) or now.isoformat()))
        for one in found
    ]


def after_choice(
    stored: Iterable[Mapping[str, Any]], key: str, choice: DriftChoice
) -> list[dict[str, Any]]:
    """Return the stored drift once staff have made a choice about one of it.

    A lasting choice stays with it.  After another one it is gone until a comparison finds it again.
    """
    kept = [dict(one) for one in stored if one["key"] != key or choice in LASTING]
    return [{**one, "decided": choice} if one["key"] == key else one for one in kept]
