"""Recognize our events among everything in a listing, and later parts of our series."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

from django.db.models import F

from calendarsync.copies.loading import find_owners, read_copy
from calendarsync.models import CalendarCopy, CalendarSeries
from calendarsync.state import ids
from calendarsync.state.later_parts import (
    WITHIN,
    CutSeries,
    KnownParts,
    find_cut,
    find_later_parts,
    is_whole,
    read_mark,
)
from calendarsync.state.observed import Body, ObservedEvent, read_event
from cohorts.models import Installation

OurEvent = tuple[str, Body]  # the id of its series or single event, and Google's JSON

CHUNK = 500  # ids in one query

logger = logging.getLogger(__name__)


def select_ours(bodies: Iterable[Body], aliases: Mapping[str, str]) -> dict[str, OurEvent]:
    """Return the events that carry our mark, belong to a record, or continue one of our series."""
    installation = Installation.objects.get(pk=1).installation_id
    found: dict[str, OurEvent] = {}
    others: dict[str, list[Body]] = {}
    for body in bodies:
        base = ids.base_of(body["id"])
        mark = ids.read_id(base)
        if mark and mark.installation == installation:
            found[body["id"]] = base, body
        else:
            others.setdefault(base, []).append(body)
    for base in _recorded(others):
        found |= {body["id"]: (base, body) for body in others.pop(base)}
    rest = (
        body for each in others.values() for body in each if is_whole(body) and _is_readable(body)
    )
    return found | _find_parts({body["id"]: body for body in rest}, found, installation, aliases)


def _is_readable(body: Body) -> bool:
    """Return whether somebody else's event can be read: one that cannot must stop nothing."""
    try:
        read_event(body)
    except (ValueError, OverflowError, TypeError, KeyError, AttributeError) as error:
        logger.warning("An event that is not Lens's cannot be read: %s", type(error).__name__)
        return False
    return True


def _recorded(base_ids: Collection[str]) -> list[str]:
    return [base for chunk in in_chunks(list(base_ids), CHUNK) for base in find_owners(chunk)]


def _find_parts(
    bodies: Mapping[str, Body],
    ours: Mapping[str, OurEvent],
    installation: str,
    aliases: Mapping[str, str],
) -> dict[str, OurEvent]:
    """Return the later parts of our series among other events, by id."""
    if not bodies:
        return {}
    continued: dict[str, str] = {}
    for chunk in in_chunks(list(bodies), CHUNK):
        parts = CalendarCopy.objects.filter(event_id__in=chunk).exclude(base_id=F("event_id"))
        continued |= dict(parts.values_list("event_id", "base_id"))
    marks = {mark for body in bodies.values() if (mark := read_mark(body, installation))}
    known = KnownParts(
        installation, continued, _series_by_mark(marks), _cut_series(bodies, ours, aliases), aliases
    )
    return {pk: (base, bodies[pk]) for pk, base in find_later_parts(bodies.values(), known).items()}


def _series_by_mark(marks: Collection[ids.Mark]) -> dict[ids.Mark, str]:
    rows = CalendarSeries.objects.filter(group__in={mark.group_id for mark in marks})
    named = {(row.group_id, row.generation): row.event_id for row in rows}
    return {
        mark: event_id
        for mark in marks
        if (event_id := named.get((mark.group_id, mark.generation)))
    }


def _cut_series(
    bodies: Mapping[str, Body], ours: Mapping[str, OurEvent], aliases: Mapping[str, str]
) -> list[CutSeries]:
    """Return the series that have lost occurrences which one of these events could replace."""
    starts = [event.start for body in bodies.values() if (event := read_event(body)).start]
    if not starts:
        return []
    rows = CalendarSeries.objects.filter(last_starts_at__gt=min(starts) - WITHIN)
    ends = {pk: last for pk, last in rows.values_list("event_id", "last_starts_at") if last}
    return list(find_cut(_latest(ends, ours, aliases), ends))


def _latest(
    series_ids: Collection[str], ours: Mapping[str, OurEvent], aliases: Mapping[str, str]
) -> Iterator[ObservedEvent]:
    """Yield series as they were listed, or else as their copies say."""
    listed = {pk: ours[pk][1] for pk in series_ids if pk in ours}
    for body in listed.values():
        yield read_event(body, aliases)
    for chunk in in_chunks(sorted(set(series_ids) - listed.keys()), CHUNK):
        copies = CalendarCopy.objects.filter(event_id__in=chunk, base_id=F("event_id"))
        for body, base_id in copies.values_list("body", "base_id"):
            yield read_copy(body, base_id, aliases)


def in_chunks(values: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    for start in range(0, len(values), size):
        yield values[start : start + size]
