"""Attendance rules: compare voice sessions in a group's channel with the time of its meeting. Pure.

A meeting's window runs from 15 minutes before its start to its end. The time before the start
belongs to the group's previous meeting until that one ends. Within the window, in total:

    seen          the person was in the channel (overlapping sessions count once)
    unobserved    the channel was not being observed, so the person may have been there

    meeting             seen          seen + unobserved    finding
    ------------------  ------------  -------------------  ------------------------------------
    running or over     5 min or more any                  present, since the first moment seen
    over                less          less than 5 min      absent (`not_seen`)
    over                less          5 min or more        none: unknown is not absent
    running or future   less          any                  none yet

People who could not be identified, or were not expected when the meeting began, are never found
absent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

OPENS_BEFORE = timedelta(minutes=15)
MIN_PRESENCE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time from `since` until `until`, which is not earlier than `since`."""

    since: datetime
    until: datetime

    @property
    def length(self) -> timedelta:
        return self.until - self.since


@dataclass(frozen=True, slots=True)
class PresenceFinding:
    """The finding about one person at one meeting. Without either value nothing is known.

    `checked_in_at` is the first moment in the window at which a person was there who stayed long
    enough; `not_seen` means that the person cannot have been there long enough without being
    observed.
    """

    checked_in_at: datetime | None = None
    not_seen: bool = False


NOTHING = PresenceFinding()


def open_window(meeting: Span, others: Iterable[Span] = ()) -> Span:
    """Return when presence at a meeting counts. `others` are the group's other meetings."""
    busy = [other.until for other in others if other.since < meeting.since]
    opens_at = max([meeting.since - OPENS_BEFORE, *busy])
    return Span(min(opens_at, meeting.since), meeting.until)


def find_presence(
    sessions: Iterable[Span],
    observed: Iterable[Span],
    window: Span,
    *,
    is_expected: bool,
    now: datetime,
) -> PresenceFinding:
    """Return the finding according to the table above.

    `sessions` are the person's sessions in the group's channel, `observed` the times at which the
    channel was observed. Both may be unordered and overlapping.
    """
    seen = merge(sessions, window)
    seen_for = total(seen)
    if seen_for >= MIN_PRESENCE:
        return PresenceFinding(checked_in_at=seen[0].since)
    unobserved = window.length - total(merge(observed, window))
    is_over = window.until <= now
    return PresenceFinding(
        not_seen=is_expected and is_over and seen_for + unobserved < MIN_PRESENCE
    )


def keep_check_in(before: PresenceFinding, found: PresenceFinding, window: Span) -> PresenceFinding:
    """Return the finding to keep: a check-in persists unless the meeting was moved away from it.

    Later findings may be based on less data: sessions are deleted after some days, and linked
    accounts change.
    """
    if found.checked_in_at or before.checked_in_at is None:
        return found
    return before if window.since <= before.checked_in_at <= window.until else found


def merge(spans: Iterable[Span], within: Span) -> list[Span]:
    """Clip the spans to `within` and merge them. Return them in order, disjoint."""
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
