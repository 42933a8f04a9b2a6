"""R3: the later part of one of our series is recognized by our mark, or by what it replaces."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from calendarsync.state import ids
from calendarsync.state.later_parts import KnownParts, find_cut, find_later_parts
from calendarsync.state.observed import read_event

Json = dict[str, Any]
HOUR, DAY, WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
OWN = ids.Mark("tests", 7, 1)
SERIES_ID = ids.make_id(OWN)
FIRST = datetime(2026, 11, 4, 15, tzinfo=UTC)


def weekly(event_id: str, start: datetime, names: str, count: int = 2, **fields: Any) -> Json:
    times = {
        side: {"dateTime": moment.isoformat(), "timeZone": "UTC"}
        for side, moment in (("start", start), ("end", start + HOUR))
    }
    listed = [{"email": f"{name}@example.org"} for name in names.split()]
    rules = [f"RRULE:FREQ=WEEKLY;COUNT={count}"]
    body = {"id": event_id, "summary": "Group", **times, "recurrence": rules}
    return {**body, "attendees": listed, **fields}


def marked(mark: ids.Mark) -> Json:
    return {"extendedProperties": {"private": ids.to_properties(mark)}}


def continues(body: Json, *, weeks_left: int = 2) -> set[str]:
    """Of four weeks, in which Ada and Ben met, ours has these left: is this its later part?"""
    ours = read_event(weekly(SERIES_ID, FIRST, "ada ben", weeks_left, **marked(OWN)))
    ends = {SERIES_ID: FIRST + 3 * WEEK}
    known = KnownParts("tests", by_mark={OWN: SERIES_ID}, cut=list(find_cut([ours], ends)))
    return set(find_later_parts([body], known).values())


THIRD = FIRST + 2 * WEEK + DAY


@pytest.mark.parametrize(
    ("body", "is_part"),
    [
        (weekly("other", THIRD, "ada cleo"), True),
        (weekly("other", THIRD, "ada ben cleo", summary="Renamed"), True),
        (weekly("other", THIRD, "ada cleo", summary="Renamed"), False),
        (weekly("other", THIRD, "cleo"), False),
        (weekly("other", FIRST + WEEK, "ada ben"), False),
        (weekly("other", FIRST + 3 * WEEK + HOUR, "ada ben"), False),
        (weekly("other", THIRD, "ada ben", status="cancelled"), False),
        (weekly("other", THIRD, "ada ben", recurringEventId="another"), False),
        (weekly("other_20261119T150000Z", THIRD, "ada ben"), False),
        ({"id": "other", "summary": "Group"}, False),
    ],
    ids=[
        "title and a guest", "all guests", "one guest", "title", "before the cut", "weeks later",
        "deleted", "an occurrence", "an occurrence by its id", "without times",
    ],
)  # fmt: skip
def test_r3_without_our_mark_a_later_part_is_known_by_what_it_replaces(
    body: Json, is_part: bool
) -> None:
    assert continues(body) == ({SERIES_ID} if is_part else set())
    assert continues(body, weeks_left=4) == set(), "ours is whole"


@pytest.mark.parametrize(
    ("mark", "is_part"),
    [
        (OWN, True),
        (replace(OWN, installation="another"), False),
        (replace(OWN, meeting_id=3), False),
    ],
    ids=["ours", "of another installation", "of a single event"],
)
def test_r3_with_our_mark_a_later_part_needs_nothing_else(mark: ids.Mark, is_part: bool) -> None:
    elsewhere = weekly("other", FIRST + 40 * WEEK, "cleo", summary="Renamed", **marked(mark))
    assert continues(elsewhere, weeks_left=4) == ({SERIES_ID} if is_part else set())
