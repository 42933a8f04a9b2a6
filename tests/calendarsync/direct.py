"""A client of the sandbox's own world in this process, without HTTP: for thousands of runs.

It has the methods of `CalendarClient` and meets the same refusals; what it does not try is the
wire, which the other tests do.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from calendarsync.rest.failures import Invalid, Missing, Taken
from calendarsync.sandbox import CalendarSandbox
from calendarsync.sandbox.errors import GoogleError
from calendarsync.sandbox.events import events
from calendarsync.sandbox.events.events import Writer
from calendarsync.sandbox.events.instances import find
from calendarsync.sandbox.events.render import render
from calendarsync.sandbox.requests.listing import list_events
from calendarsync.state.observed import Body, ObservedEvent, Reading, StoredState, read_event
from cohorts.reconcile.errors import Conflict, Refused


class DirectClient:
    def __init__(self, now: Callable[[], datetime]) -> None:
        self.sandbox = CalendarSandbox(now=now)
        self.state = self.sandbox.state
        self.stored = StoredState()
        self.cursor = ""
        self.aliases: dict[str, str] = {}
        self.writes = 0

    async def list(self) -> Reading:
        query = {"showDeleted": True, "singleEvents": False, "maxResults": 2500}
        try:
            page = list_events(self.state, query | {"syncToken": self.cursor})
            full = False
        except GoogleError:
            page, full = list_events(self.state, query), True
        self.cursor = page["nextSyncToken"]
        return Reading(tuple(page["items"]), self.cursor, full)

    async def get(self, event_id: str) -> ObservedEvent | None:
        body = await self.get_body(event_id)
        return read_event(body) if body else None

    async def get_body(self, event_id: str) -> Body | None:
        found = find(self.state, event_id)
        return render(self.state, found) if found else None

    def read(self, body: Body) -> ObservedEvent:
        return read_event(body, self.aliases)

    async def insert(self, body: dict[str, Any], *, notify: str) -> ObservedEvent:
        return self._write(lambda: events.insert(self.state, body, Writer(send=notify)))

    async def patch(
        self, event: ObservedEvent, body: dict[str, Any], *, notify: str
    ) -> ObservedEvent:
        writer = Writer(send=notify, if_match=event.etag or None)
        return self._write(lambda: events.patch(self.state, event.id, body, writer))

    async def delete(self, event: ObservedEvent, *, notify: str) -> None:
        writer = Writer(send=notify, if_match=event.etag or None)
        self._write(lambda: events.delete(self.state, event.id, writer))

    def by_hand(self, control: str, **wish: Any) -> None:
        """Someone does something in Google's own pages; what cannot be done is not done."""
        try:
            self.sandbox.controls[control](wish)
        except ValueError:
            return

    def _write(self, do: Callable[[], Any]) -> ObservedEvent:
        self.writes += 1
        try:
            return read_event(render(self.state, do()))
        except GoogleError as error:
            raise REFUSALS.get(error.status, Refused)(error.message) from error


REFUSALS: dict[int, Any] = {400: Invalid, 404: Missing, 409: Taken, 410: Missing, 412: Conflict}
