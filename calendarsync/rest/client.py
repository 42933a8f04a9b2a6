"""A client for the Google Calendar API that makes one call at a time.

Calls run in a thread because google-api-python-client blocks. A service object is not thread-safe,
so a client belongs to one run of the reconciler and its single lane.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import google.auth
import google_auth_httplib2
import httplib2
from django.conf import settings
from google.oauth2 import credentials as user_credentials
from google.oauth2 import service_account
from googleapiclient.discovery import build_from_document
from googleapiclient.discovery_cache import get_static_doc

from calendarsync.rest.failures import Expired, Missing, translate, unexpected_response
from calendarsync.state.observed import Body, ObservedEvent, Reading, StoredState, read_event
from cohorts.reconcile.errors import Outage

SCOPES = ["https://www.googleapis.com/auth/calendar.events"]
PAGE = 2500  # the maximum that Google returns at once
MAX_PAGES = 200
ENDLESS_WAIT = 600.0  # seconds
LOCAL_HOSTS = {"127.0.0.1", "localhost", "::1"}


class CalendarClient:
    """Make calls to the API.

    Methods raise the errors of `cohorts.reconcile.errors`, and those of
    `calendarsync.rest.failures` where stated. `cursor` is the syncToken of the
    last listing, or "" if there was none.
    """

    def __init__(self, events: Any, calendar_id: str, stored: StoredState) -> None:
        self.events = events
        self.calendar_id = calendar_id
        self.stored = stored
        self.cursor = stored.cursor
        self.aliases = dict(stored.aliases)  # see observed.read_event; writes add to it

    async def list(self) -> Reading:
        """Return what changed since the cursor, or everything if the cursor has expired."""
        asked_at = time.monotonic()
        try:
            reading = await self._list(self.cursor)
        except Expired:
            reading = await self._list("")
        self.cursor = reading.cursor
        return replace(reading, asked_at=asked_at)

    async def get(self, event_id: str) -> ObservedEvent | None:
        """Return one event or occurrence, or None if Google says that it does not exist."""
        body = await self.get_body(event_id)
        return self.read(body) if body else None

    async def get_body(self, event_id: str) -> Body | None:
        request = self.events.get(calendarId=self.calendar_id, eventId=event_id)
        try:
            return dict(await self._send(request, event=True))
        except Missing:
            return None

    async def insert(self, body: dict[str, Any], *, notify: str) -> ObservedEvent:
        """Create an event. Raises `Taken` if the id has been used."""
        request = self.events.insert(calendarId=self.calendar_id, body=body, sendUpdates=notify)
        return self.read(await self._send(request, writes=True))

    async def patch(
        self, event: ObservedEvent, body: dict[str, Any], *, notify: str
    ) -> ObservedEvent:
        """Change an event. Raises `Missing`, or `Conflict` if it has changed since it was read."""
        request = self.events.patch(
            calendarId=self.calendar_id, eventId=event.id, body=body, sendUpdates=notify
        )
        return self.read(await self._send(request, etag=event.etag, writes=True, event=True))

    async def delete(self, event: ObservedEvent, *, notify: str) -> None:
        """Delete an event. Raises `Missing`, or `Conflict` if it has changed since it was read."""
        request = self.events.delete(
            calendarId=self.calendar_id, eventId=event.id, sendUpdates=notify
        )
        await self._send(request, etag=event.etag, writes=True, event=True)

    def read(self, body: Body) -> ObservedEvent:
        return read_event(body, self.aliases)

    async def _list(self, cursor: str) -> Reading:
        found: tuple[Body, ...] = ()
        asked = {"syncToken": cursor} if cursor else {}
        for _ in range(MAX_PAGES):
            # No other parameters: a sync token is only valid with those of its first listing.
            request = self.events.list(
                calendarId=self.calendar_id,
                maxResults=PAGE,
                showDeleted=True,
                singleEvents=False,
                **asked,
            )
            page = await self._send(request)
            found += tuple(page.get("items", ()))
            if "nextPageToken" not in page:
                return _finish_listing(found, page, full=not cursor)
            asked["pageToken"] = page["nextPageToken"]
        raise Outage(
            f"The list did not end after {MAX_PAGES} pages.",
            code="google_endless",
            after=ENDLESS_WAIT,
        )

    async def _send(
        self, request: Any, *, etag: str = "", writes: bool = False, event: bool = False
    ) -> Any:
        if etag:
            request.headers["If-Match"] = etag
        try:
            answer = await asyncio.to_thread(request.execute, num_retries=0)
        except Exception as error:
            raise translate(error, writes=writes, event=event) from error
        if request.method != "DELETE" and not isinstance(answer, dict):
            raise unexpected_response("The response is not a JSON object.", writes=writes)
        return answer


def _finish_listing(found: tuple[Body, ...], last_page: Body, *, full: bool) -> Reading:
    if "nextSyncToken" not in last_page:
        raise unexpected_response("The last page of the list has no sync token.")
    role = str(last_page.get("accessRole", ""))
    return Reading(found, last_page["nextSyncToken"], full=full, role=role)


@asynccontextmanager
async def connect(check: Callable[[], None], stored: StoredState) -> AsyncIterator[CalendarClient]:
    """Yield a client for one run. `check` is called before each request is sent."""
    transport = CheckedHttp(check, timeout=settings.SYNC["call_seconds"] / 3)
    try:
        events = await asyncio.to_thread(_build, transport)
    except Exception as error:
        raise translate(error, writes=False, event=False) from error
    try:
        yield CalendarClient(events, settings.GOOGLE_CALENDAR_ID, stored)
    finally:
        transport.close()


class CheckedHttp(httplib2.Http):
    """Call `check` before anything is sent.

    httplib2 repeats a request, even a POST, after a dropped connection, and google-auth repeats one
    after a 401. Both repetitions must be checked too.
    """

    def __init__(self, check: Callable[[], None], *, timeout: float) -> None:
        super().__init__(timeout=timeout)
        self.kinds = {scheme: _checked(kind, check) for scheme, kind in KINDS.items()}

    def request(self, uri: str, *args: Any, **options: Any) -> Any:
        options["connection_type"] = self.kinds[urlsplit(uri).scheme]
        return super().request(uri, *args, **options)


KINDS: dict[str, Any] = {
    "http": httplib2.HTTPConnectionWithTimeout,
    "https": httplib2.HTTPSConnectionWithTimeout,
}


def _checked(kind: Any, check: Callable[[], None]) -> Any:
    class Checked(kind):
        def request(self, *args: Any, **options: Any) -> None:
            check()
            super().request(*args, **options)

    return Checked


def _build(transport: CheckedHttp) -> Any:
    document = {**_document(), "rootUrl": f"{settings.GOOGLE_CALENDAR_API_BASE}/"}
    http = google_auth_httplib2.AuthorizedHttp(_load_credentials(), http=transport)
    return build_from_document(document, http=http).events()


@cache
def _document() -> dict[str, Any]:
    """Return the API description that the library ships.

    `_build` replaces its root because the `api_endpoint` option does not apply to batches.
    """
    return dict(json.loads(get_static_doc("calendar", "v3")))


def _load_credentials() -> Any:
    """Return the credentials.

    A service account must act for a subject to be able to invite people.
    """
    key, subject = settings.GOOGLE_CREDENTIALS, settings.GOOGLE_CALENDAR_SUBJECT or None
    if key:
        return service_account.Credentials.from_service_account_info(
            key, scopes=SCOPES, subject=subject
        )
    if urlsplit(settings.GOOGLE_CALENDAR_API_BASE).hostname in LOCAL_HOSTS:
        return user_credentials.Credentials(token="sandbox")  # noqa: S106 - opens nothing else
    found, _ = google.auth.default(scopes=SCOPES)
    return found.with_subject(subject) if subject and hasattr(found, "with_subject") else found
