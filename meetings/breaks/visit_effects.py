"""What becomes of visits when meetings of several groups move at once. This app knows no visits: a
higher layer registers how it decides and what it writes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from cohorts.registries import Registry
from meetings.moving.types import Change


@dataclass(frozen=True, slots=True)
class VisitEffect:
    """What the changes do to one visit, with a line for staff and a sentence for the guest's
    letter. `new_start` is None if the visit ends. `meeting_id`: the host's meeting."""

    visit_id: int
    meeting_id: int
    user_id: int
    line: str
    sentence: str
    new_start: datetime | None


@dataclass(frozen=True, slots=True)
class VisitRules:
    """What an app knows of visits.

    `find` reads only; `keep` writes the new starts of visits that stay, by visit id. `find_ended`
    reads visits that the changed meetings would make possible again, among those that ended since a
    moment; `reopen` opens such visits, by id.
    """

    name: str
    find: Callable[[Sequence[Change]], Iterable[VisitEffect]]
    keep: Callable[[Mapping[int, datetime]], None]
    find_ended: Callable[[Sequence[Change], datetime], Iterable[VisitEffect]]
    reopen: Callable[[Collection[int], datetime], None]


visit_rules: Registry[VisitRules] = Registry("rules of visits")


def find_visits(changes: Sequence[Change]) -> list[VisitEffect]:
    """Return the effects on visits to the changed meetings, by visit."""
    found = [effect for rules in visit_rules.values() for effect in rules.find(changes)]
    return sorted(found, key=lambda effect: effect.visit_id)


def keep_visits(effects: Iterable[VisitEffect]) -> None:
    kept = {effect.visit_id: effect.new_start for effect in effects if effect.new_start}
    for rules in visit_rules.values():
        rules.keep(kept)


def find_ended_visits(changes: Sequence[Change], since: datetime) -> list[VisitEffect]:
    """Return the visits that ended with meetings which are to be held again, by visit."""
    found = [one for rules in visit_rules.values() for one in rules.find_ended(changes, since)]
    return sorted(found, key=lambda effect: effect.visit_id)


def reopen_visits(effects: Iterable[VisitEffect], now: datetime) -> None:
    ids = [effect.visit_id for effect in effects]
    for rules in visit_rules.values():
        rules.reopen(ids, now)
