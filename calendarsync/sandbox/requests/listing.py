"""Answer events.list and events.instances: filter, sort and paginate events."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from calendarsync.sandbox.errors import (
    bad_request,
    invalid,
    not_found,
    time_range_empty,
    updated_min_too_long_ago,
)
from calendarsync.sandbox.events.instances import find, is_cancelled, is_series, occurrences
from calendarsync.sandbox.events.recurrence import start_of
from calendarsync.sandbox.events.render import etag_of, render, render_ghost
from calendarsync.sandbox.requests.query import Query
from calendarsync.sandbox.requests.tokens import (
    next_page_token,
    next_sync_token,
    read_page_token,
    read_sync_token,
    synced_range,
)
from calendarsync.sandbox.state import Event, State, next_serial
from calendarsync.sandbox.times import instant, read_instant, timestamp

DEFAULT_PAGE, LARGEST_PAGE = 250, 2500
SEARCHED = ("summary", "description", "location")
Row = tuple[list[Any], dict[str, Any]]  # sort key, answer


def list_events(state: State, query: Query) -> dict[str, Any]:
    """Return one page. Only the last one has a `nextSyncToken`."""
    _check_query(state, query)
    sync, page = read_sync_token(state, query), read_page_token(query)
    carried = synced_range(sync)
    since = page["since"] if page else state.revision
    changed = sync["rev"] if sync else None
    rows = [*_events(state, {**carried, **query}, changed), *_ghosts(state, query, changed)]
    answer = _page(state, query, rows, page, since)
    if "nextPageToken" not in answer:
        token = next_sync_token(state, query, carried, since)
        answer |= {"nextSyncToken": token} if token else {}
    return answer


def list_instances(state: State, series_id: str, query: Query) -> dict[str, Any]:
    """Return one page of a series' occurrences; raise GoogleError."""
    series = find(state, series_id)
    if series is None:
        raise not_found()
    if not is_series(series):
        raise invalid("The event is not recurring.", location="eventId")
    _check_query(state, query)
    page = read_page_token(query)
    shown = [
        event
        for event in occurrences(state, series)
        if (query.get("showDeleted") or not is_cancelled(state, event))
        and _in_range(state, event, query)
        and _starts_originally(state, event, query.get("originalStart"))
    ]
    return _page(state, query, _rows(state, query, shown), page, state.revision)


def _check_query(state: State, query: Query) -> None:
    low, high = query.get("timeMin"), query.get("timeMax")
    if low and high and read_instant(low) >= read_instant(high):
        raise time_range_empty("timeMax")
    if query.get("orderBy") == "startTime" and not query.get("singleEvents"):
        raise bad_request("The requested ordering is not available for the particular query.")
    if "updatedMin" in query:
        age = state.now() - read_instant(query["updatedMin"])
        if age > timedelta(days=state.settings["deleted_days"]):
            raise updated_min_too_long_ago()


def _events(state: State, query: Query, changed: int | None) -> list[Row]:
    """Return the events that pass all filters.

    With `changed`, only those written after that revision, and of a deleted series it alone.
    """
    with_deleted = changed is not None or "updatedMin" in query
    single = bool(query.get("singleEvents"))
    shown = [
        event
        for event in _candidates(state, single)
        if (changed is None or event["rev"] > changed)
        and (changed is None or single or not _went_with_series(state, event))
        and _is_shown(state, event, query, with_deleted)
        and _passes(state, event, query, changed)
    ]
    return _rows(state, query, shown)


def _candidates(state: State, single: bool) -> Iterator[Event]:
    for event in list(state.events.values()):
        if is_series(event) and single:
            yield from occurrences(state, event)
        elif event["series"] is None or not single:
            yield event


def _went_with_series(state: State, event: Event) -> bool:
    return bool(event["series"]) and is_cancelled(state, state.events[event["series"]])


def _is_shown(state: State, event: Event, query: Query, with_deleted: bool) -> bool:
    if not is_cancelled(state, event) or query.get("showDeleted") or with_deleted:
        return True
    if not event["series"] or query.get("singleEvents"):
        return False
    # A cancelled occurrence of an existing series is included, or clients would not know of it.
    return not _went_with_series(state, event)


def _passes(state: State, event: Event, query: Query, changed: int | None) -> bool:
    if changed is not None and is_cancelled(state, event):
        return True
    return (
        _in_range(state, event, query)
        and _has_properties(event, "private", query.get("privateExtendedProperty", []))
        and _has_properties(event, "shared", query.get("sharedExtendedProperty", []))
        and query.get("iCalUID") in (None, event["iCalUID"])
        and "default" in query.get("eventTypes", ["default"])
        and _was_updated(event, query.get("updatedMin"))
        and _mentions(state, event, query.get("q"))
    )


def _in_range(state: State, event: Event, query: Query) -> bool:
    """Return whether the event ends after timeMin and starts before timeMax.

    For a series, one such occurrence is enough.
    """
    if not {"timeMin", "timeMax"} & set(query):
        return True
    if is_series(event) and not query.get("singleEvents"):
        return any(_in_range(state, one, query) for one in occurrences(state, event))
    calendar_zone = state.settings["time_zone"]
    if "timeMin" in query:
        ends = instant(event["fields"]["end"], calendar_zone)
        if ends <= read_instant(query["timeMin"]):
            return False
    if "timeMax" in query:
        starts = instant(event["fields"]["start"], calendar_zone)
        return starts < read_instant(query["timeMax"])
    return True


def _starts_originally(state: State, event: Event, original: str | None) -> bool:
    if original is None:
        return True
    series_start = state.events[event["series"]]["fields"]["start"]
    start = start_of(event["original"], series_start)
    if "date" in start:
        return start["date"] == original
    return instant(start) == read_instant(original)


def _has_properties(event: Event, side: str, wanted: Iterable[str]) -> bool:
    properties = event["fields"].get("extendedProperties", {}).get(side, {})
    for constraint in wanted:
        key, equals, value = constraint.partition("=")
        if not equals:
            raise invalid(f"Invalid constraint '{constraint}'.")
        if properties.get(key) != value:
            return False
    return True


def _was_updated(event: Event, updated_min: str | None) -> bool:
    return updated_min is None or read_instant(event["updated"]) >= read_instant(updated_min)


def _mentions(state: State, event: Event, words: str | None) -> bool:
    if not words:
        return True
    texts = [str(event["fields"].get(key, "")) for key in SEARCHED] + [state.calendar_id]
    for one in event["fields"].get("attendees", []):
        texts += [one["email"], one.get("displayName", "")]
    text = " ".join(texts).lower()
    return all(word in text for word in words.lower().split())


def _rows(state: State, query: Query, events: list[Event]) -> list[Row]:
    return [(_sort_key(state, event, query.get("orderBy")), _shown(state, event, query))
            for event in events]  # fmt: skip


def _shown(state: State, event: Event, query: Query) -> dict[str, Any]:
    in_detail = query.get("showDeleted") and state.settings["cancelled"] == "detailed"
    return render(
        state,
        event,
        zone_name=query.get("timeZone"),
        max_attendees=query.get("maxAttendees"),
        details=bool(in_detail),
    )


def _sort_key(state: State, event: Event, order: str | None) -> list[Any]:
    """Return a stable sort key. An event written between two pages keeps its place."""
    series = state.events.get(event["series"]) if event["series"] else None
    place = [(series or event)["serial"], event["original"] or "", event["id"]]
    if order == "startTime":
        return [instant(event["fields"]["start"], state.settings["time_zone"]).isoformat(), *place]
    return [event["updated"], *place] if order == "updated" else place


def _ghosts(state: State, query: Query, changed: int | None) -> list[Row]:
    """Return occurrences that no longer exist; without `singleEvents` only former exceptions."""
    if changed is None:
        return []
    return [
        ([0, "", ghost["id"]], render_ghost(state, ghost, query.get("timeZone")))
        for ghost in state.ghosts.values()
        if ghost["rev"] > changed and (query.get("singleEvents") or ghost["was_exception"])
    ]


def _page(
    state: State, query: Query, rows: list[Row], page: dict[str, Any] | None, since: int
) -> dict[str, Any]:
    most = min(query.get("maxResults", DEFAULT_PAGE), LARGEST_PAGE, state.settings["page_size"])
    rows = sorted(rows, key=lambda row: row[0])
    if page:
        rows = [row for row in rows if row[0] > page["after"]]
    answer = _head(state, query) | {"items": [item for _, item in rows[:most]]}
    if len(rows) > most:
        token = next_page_token(query, after=rows[most - 1][0], since=since)
        answer["nextPageToken"] = token
    elif state.settings["endless"]:
        answer["nextPageToken"] = next_page_token(query, after=[next_serial(state)], since=since)
    return answer


def _head(state: State, query: Query) -> dict[str, Any]:
    updated = max((event["updated"] for event in state.events.values()), default=None)
    return {
        "kind": "calendar#events",
        "etag": etag_of(state.revision),
        "summary": state.settings["summary"],
        "updated": updated or timestamp(state.now()),
        "timeZone": query.get("timeZone") or state.settings["time_zone"],
        "accessRole": state.settings["access_role"],
        "defaultReminders": [],
    }
