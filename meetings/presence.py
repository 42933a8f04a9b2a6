"""Who was there: stays in a group's voice channel against the time of its meeting.

A meeting's window runs from 15 minutes before its start to its end.  The time before a start
belongs to the group's earlier meeting while that one lasts.  Within the window count, in total:

    seen        the person was in the channel (several stays, each moment once)
    not heard   nobody listened there, so the person may have been in it

    meeting             seen          seen + not heard     the finding
    ------------------  ------------  -------------------  ------------------------------------
    running or over     5 min or more any                  was there, since the first moment seen
    over                less          less than 5 min      was not seen
    over                less          5 min or more        nothing: unknown is not absent
    running or ahead    less          any                  nothing yet

Somebody who could not be recognised, or who was not expected when the meeting began, is never found
missing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

OPENS_BEFORE = timedelta(minutes=15)
LONG_ENOUGH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From `since` until `until`, which is no earlier."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found about one person at one meeting; neither of the two while nothing is known.

    `checked_in_at` is the first moment in the window at which somebody was there who stayed long
    enough; `not_seen` says that the person cannot have been there long enough unheard.
    """

    checked_in_at: datetime | None = None
    not_seen: bool = False


NOTHING = Finding()


def open_window(meeting: Span, others: Iterable[Span] = ()) -> Span:
    """The time in which presence at a meeting counts.  `others` are the group's other meetings."""
    busy = [other.until for other in others if other.since < meeting.since]
    opens_at = max([meeting.since - OPENS_BEFORE, *busy])
    return Span(min(opens_at, meeting.since), meeting.until)


def find_presence(
    stays: Iterable[Span],
    heard: Iterable[Span],
    window: Span,
    *,
    is_expected: bool,
    now: datetime,
) -> Finding:
    """What the table above says.

    `stays` are the person's own in the group's channel, `heard` the times at which somebody
    listened there; both in any order, also overlapping.
    """
    seen = merge(stays, window)
    seen_for = total(seen)
    if seen_for >= LONG_ENOUGH:
        return Finding(checked_in_at=seen[0].since)
    not_heard = window.length - total(merge(heard, window))
    is_over = window.until <= now
    return Finding(not_seen=is_expected and is_over and seen_for + not_heard < LONG_ENOUGH)


def settle(before: Finding, found: Finding, window: Span) -> Finding:
    """What stands after another look: a check-in stays, unless the meeting was moved away from it.

    A later look may know less: stays are kept for some days only, and accounts change.
    """
    if found.checked_in_at or before.checked_in_at is None:
        return found
    return before if window.since <= before.checked_in_at <= window.until else found


def merge(spans: Iterable[Span], within: Span) -> list[Span]:
    """The parts within another span, in order, none of which meet."""
    return list(_join(sorted(_cut(spans, within))))


def total(spans: Iterable[Span]) -> timedelta:
    return sum((span.length for span in spans), timedelta())


def _cut(spans: Iterable[Span], within: Span) -> Iterator[Span]:
    for span in spans:
        since, until = max(span.since, within.since), min(span.until, within.until)
        if since < until:
            yield Span(since, until)


def _join(ordered: Iterable[Span]) -> Iterator[Span]:
    open_one: Span | None = None
    for span in ordered:
        if open_one and span.since <= open_one.until:
            open_one = Span(open_one.since, max(open_one.until, span.until))
            continue
        if open_one:
            yield open_one
        open_one = span
    if open_one:
        yield open_one
