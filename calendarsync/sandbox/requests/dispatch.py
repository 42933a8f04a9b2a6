"""Route a call to its method, check access, and answer conditional reads."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from calendarsync.sandbox.errors import GoogleError, method_not_allowed, not_found
from calendarsync.sandbox.events import events
from calendarsync.sandbox.events.events import Writer
from calendarsync.sandbox.events.instances import find
from calendarsync.sandbox.events.render import render
from calendarsync.sandbox.requests import calendars, listing
from calendarsync.sandbox.requests.call import Answer, Call, check_signed_in, read_body
from calendarsync.sandbox.requests.partial import select
from calendarsync.sandbox.requests.query import Query, read_query, send_updates
from calendarsync.sandbox.state import Event, State

PREFIX = "/calendar/v3"


@dataclass(frozen=True)
class EventRequest:
    """A call with its method. `event` is the id in its path, or ""."""

    state: State
    call: Call
    query: Query
    event: str

    def writer(self) -> Writer:
        return Writer(
            send=send_updates(self.query),
            conference_version=self.query.get("conferenceDataVersion", 0),
            if_match=self.call.headers.get("if-match"),
        )

    def shown(self, event: Event) -> dict[str, Any]:
        zone_name, most = self.query.get("timeZone"), self.query.get("maxAttendees")
        return render(self.state, event, zone_name=zone_name, max_attendees=most)


Handler = Callable[[EventRequest], dict[str, Any] | None]


def answer(state: State, call: Call) -> Answer:
    """Return the answer to one call, with errors in Google's form."""
    try:
        check_signed_in(call.headers)
        name, handler, parts = _route(call)
        query = read_query(name, call.query)
        if "calendar" in parts:
            calendars.check_calendar(state, parts["calendar"])
        body = handler(EventRequest(state, call, query, parts.get("event", "")))
        return _answered(call, query, body)
    except GoogleError as error:
        return Answer(error.status, error.body())


def _answered(call: Call, query: Query, body: dict[str, Any] | None) -> Answer:
    if body is None:
        return Answer(204)
    headers = {"ETag": body["etag"]}
    if call.method == "GET" and call.headers.get("if-none-match") in (body["etag"], "*"):
        return Answer(304, None, headers)
    return Answer(200, select(body, query["fields"]) if "fields" in query else body, headers)


def _route(call: Call) -> tuple[str, Handler, dict[str, str]]:
    """Return the method's name, its handler, and the parts of the path; raise GoogleError."""
    matches = [(route, match) for route in ROUTES if (match := route[1].fullmatch(call.path))]
    if not matches:
        raise not_found()
    for (method, _, name, handler), match in matches:
        if method == call.method:
            parts = match.groupdict().items()
            return name, handler, {key: unquote(part) for key, part in parts}
    raise method_not_allowed()


def _insert(request: EventRequest) -> dict[str, Any]:
    return request.shown(events.insert(request.state, read_body(request.call), request.writer()))


def _get(request: EventRequest) -> dict[str, Any]:
    event = find(request.state, request.event)
    if event is None:
        raise not_found()
    return request.shown(event)


def _patch(request: EventRequest) -> dict[str, Any]:
    body = read_body(request.call)
    return request.shown(events.patch(request.state, request.event, body, request.writer()))


def _update(request: EventRequest) -> dict[str, Any]:
    body = read_body(request.call)
    return request.shown(events.update(request.state, request.event, body, request.writer()))


def _delete(request: EventRequest) -> None:
    events.delete(request.state, request.event, request.writer())


def _list(request: EventRequest) -> dict[str, Any]:
    return listing.list_events(request.state, request.query)


def _instances(request: EventRequest) -> dict[str, Any]:
    return listing.list_instances(request.state, request.event, request.query)


def _calendar(request: EventRequest) -> dict[str, Any]:
    return calendars.get_calendar(request.state)


def _entry(request: EventRequest) -> dict[str, Any]:
    return calendars.get_entry(request.state)


def _entries(request: EventRequest) -> dict[str, Any]:
    return calendars.list_entries(request.state, request.query)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(PREFIX + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", path))


CALENDAR, ENTRIES = "/calendars/{calendar}", "/users/me/calendarList"
EVENTS = f"{CALENDAR}/events"
EVENT = f"{EVENTS}/{{event}}"
ROUTES: list[tuple[str, re.Pattern[str], str, Handler]] = [
    ("GET", _pattern(EVENTS), "events.list", _list),
    ("POST", _pattern(EVENTS), "events.insert", _insert),
    ("GET", _pattern(EVENT), "events.get", _get),
    ("PATCH", _pattern(EVENT), "events.patch", _patch),
    ("PUT", _pattern(EVENT), "events.update", _update),
    ("DELETE", _pattern(EVENT), "events.delete", _delete),
    ("GET", _pattern(f"{EVENT}/instances"), "events.instances", _instances),
    ("GET", _pattern(CALENDAR), "calendars.get", _calendar),
    ("GET", _pattern(f"{ENTRIES}/{{calendar}}"), "calendarList.get", _entry),
    ("GET", _pattern(ENTRIES), "calendarList.list", _entries),
]
