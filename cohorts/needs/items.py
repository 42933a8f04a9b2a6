"""The items on the Today page, and which of them are shown.  Pure.

the item                                                        is
--------------------------------------------------------------  -------
belongs to an open cohort that starts in more than 14 days      left out
follows from something that is silent                           left out
is snoozed, and everything it names was named then              snoozed
is harmless                                                     grey, below
anything else                                                   shown, worst kind first
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

WATCHED_FROM = timedelta(days=14)  # before the start
SILENT = "silent"  # the kind of item whose subjects silence others


@dataclass(frozen=True, slots=True)
class NeedButton:
    """A link to the page that resolves the item; with `post`, a form with these fields.

    `permissions` are those that the page behind it asks for.  `is_primary`: the next thing to do
    where several buttons are in a row.
    """

    label: str
    url: str
    permissions: tuple[str, ...] = ()
    post: Mapping[str, Any] | None = None
    query: str = ""
    is_primary: bool = False


@dataclass(frozen=True, slots=True)
class NeedSubject:
    """One group, person or thing that an item names.  `key` identifies it within the item.

    `at` is shown after the note, in the reader's zone; `zone` is that of the group that it is
    about, whose own time is shown beside it.
    """

    key: str
    name: str
    note: str = ""
    at: datetime | None = None
    button: NeedButton | None = None
    zone: str = ""


@dataclass(frozen=True, slots=True)
class Need:
    """One item: what is wrong in one cohort, or in the whole installation.

    `follows_from`: keys of subjects of SILENT items that would explain it.
    """

    kind: str
    cohort_id: int | None
    sentence: str
    subjects: tuple[NeedSubject, ...]
    buttons: tuple[NeedButton, ...] = ()
    follows_from: frozenset[str] = frozenset()
    is_harmless: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}:{self.cohort_id or ''}"

    @property
    def subject_keys(self) -> frozenset[str]:
        return frozenset(subject.key for subject in self.subjects)


@dataclass(frozen=True, slots=True)
class Snoozing:
    """Until when an item is snoozed, and what it named then."""

    until: date
    named: frozenset[str]

    def covers(self, need: Need, today: date) -> bool:
        return today < self.until and need.subject_keys <= self.named


@dataclass(frozen=True, slots=True)
class NeedList:
    """The items as the page shows them, each list worst first."""

    shown: tuple[Need, ...] = ()
    harmless: tuple[Need, ...] = ()
    snoozed: tuple[Need, ...] = ()


def is_watched(start: date, today: date) -> bool:
    return start - WATCHED_FROM <= today


def sort_needs(
    found: Collection[Need],
    *,
    kinds: Sequence[str],
    starts: Mapping[int, date],
    snoozed: Mapping[str, Snoozing],
    today: date,
) -> NeedList:
    """Return the items to show, by the table above; within a kind, the cohort that began first.

    `kinds`: worst first. `starts` are those of the open cohorts.
    """
    silent = {key for need in found if need.kind == SILENT for key in need.subject_keys}
    needs = [one for one in found if _is_relevant(one, starts, today) and _stands(one, silent)]
    needs.sort(key=lambda need: _rank(need, kinds, starts))
    hidden = [one for one in needs if one.key in snoozed and snoozed[one.key].covers(one, today)]
    rest = [need for need in needs if need not in hidden]
    return NeedList(
        shown=tuple(need for need in rest if not need.is_harmless),
        harmless=tuple(need for need in rest if need.is_harmless),
        snoozed=tuple(hidden),
    )


def _is_relevant(need: Need, starts: Mapping[int, date], today: date) -> bool:
    start = starts.get(need.cohort_id or 0)
    return start is None or is_watched(start, today)


def _stands(need: Need, silent: Collection[str]) -> bool:
    """Return whether nothing that is silent explains the item."""
    return need.kind == SILENT or need.follows_from.isdisjoint(silent)


def _rank(need: Need, kinds: Sequence[str], starts: Mapping[int, date]) -> tuple[int, date, int]:
    start = starts.get(need.cohort_id or 0, date.min)
    return kinds.index(need.kind), start, need.cohort_id or 0
