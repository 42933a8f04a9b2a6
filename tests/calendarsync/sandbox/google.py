"""A calendar sandbox on a port of its own, Google's client for it, and a plain one."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import googleapiclient
import pytest
from aiohttp import web
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document
from googleapiclient.errors import HttpError

from calendarsync.sandbox import CalendarSandbox

CALENDAR = "lens@sandbox.example"
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
DOCUMENT = Path(googleapiclient.__file__).parent / "discovery_cache/documents/calendar.v3.json"
Json = dict[str, Any]


@dataclass
class Clock:
    """The sandbox's time, which a test moves."""

    time: datetime = NOW

    def now(self) -> datetime:
        return self.time

    def advance(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def reason(self) -> str:
        return str(self.body["error"]["errors"][0]["reason"])


class Google:
    """The running sandbox as tests use it: `events` is Google's own client."""

    def __init__(self, sandbox: CalendarSandbox, clock: Clock, port: int, exchanges: list) -> None:
        self.sandbox = sandbox
        self.clock = clock
        self.port = port
        self.exchanges = exchanges
        document = json.loads(DOCUMENT.read_text())
        document["rootUrl"] = f"http://127.0.0.1:{port}/"
        self.service = build_from_document(document, credentials=Credentials("a-token"))
        self.events = self.service.events()

    def reset(self) -> None:
        self.clock.time = NOW
        self.sandbox.reset()
        self.exchanges.clear()

    def control(self, name: str, **body: Any) -> Any:
        return self.sandbox.controls[name](body)

    def settings(self, **changes: Any) -> None:
        self.control("settings", **changes)

    def insert(self, body: Json, **options: Any) -> Json:
        return self.events.insert(calendarId=CALENDAR, body=body, **options).execute()

    def get(self, event_id: str, **options: Any) -> Json:
        return self.events.get(calendarId=CALENDAR, eventId=event_id, **options).execute()

    def patch(self, event_id: str, body: Json, **options: Any) -> Json:
        request = self.events.patch(calendarId=CALENDAR, eventId=event_id, body=body, **options)
        return request.execute()

    def update(self, event_id: str, body: Json, **options: Any) -> Json:
        request = self.events.update(calendarId=CALENDAR, eventId=event_id, body=body, **options)
        return request.execute()

    def delete(self, event_id: str, **options: Any) -> None:
        self.events.delete(calendarId=CALENDAR, eventId=event_id, **options).execute()

    def page(self, **options: Any) -> Json:
        return self.events.list(calendarId=CALENDAR, **options).execute()

    def ids(self, **options: Any) -> list[str]:
        return [event["id"] for event in self.page(**options)["items"]]

    def instances(self, event_id: str, **options: Any) -> list[Json]:
        request = self.events.instances(calendarId=CALENDAR, eventId=event_id, **options)
        return request.execute()["items"]

    def mails(self) -> list[tuple[str, str, str]]:
        return [(mail["to"], mail["kind"], mail["event"]) for mail in self.sandbox.state.mails]

    def raw(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        """A call as no one's client would send it; `path` begins after /calendar/v3."""
        named = {"Authorization": "Bearer x", "Content-Type": "application/json"}
        named |= headers or {}
        sent = {name: value for name, value in named.items() if value}
        data = body if body is None or isinstance(body, bytes) else json.dumps(body)
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            connection.request(method, f"/calendar/v3{path}", data, sent)
            response = connection.getresponse()
            text = response.read()
            return Answer(response.status, dict(response.headers), json.loads(text or b"null"))
        finally:
            connection.close()


@contextmanager
def google_running() -> Iterator[Google]:
    clock, exchanges = Clock(), []
    sandbox = CalendarSandbox(now=clock.now, calendar_id=CALENDAR)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    runner, port = asyncio.run_coroutine_threadsafe(_serve(sandbox, exchanges), loop).result(10)
    google = Google(sandbox, clock, port, exchanges)
    try:
        yield google
    finally:
        google.service.close()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


async def _serve(sandbox: CalendarSandbox, exchanges: list[Json]) -> tuple[web.AppRunner, int]:
    app = web.Application(middlewares=[_recorded(sandbox, exchanges)])
    app.add_routes(sandbox.routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return runner, runner.addresses[0][1]


def _recorded(sandbox: CalendarSandbox, exchanges: list[Json]) -> Any:
    @web.middleware
    async def record(request: web.Request, handler: Any) -> web.Response:
        sent = (await request.read()).decode(errors="replace")
        sandbox.advance()
        response = await handler(request)
        exchanges.append(
            {
                "method": request.method,
                "path": request.raw_path.partition("?")[0],
                "query_string": request.raw_path.partition("?")[2],
                "query": dict(request.query),
                "body": _read(sent),
                "status": response.status,
                "response": _read(response.text or ""),
                "content_type": request.headers.get("Content-Type", ""),
                "response_headers": dict(response.headers),
            }
        )
        return response

    return record


def _read(text: str) -> Any:
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text


@contextmanager
def refused(status: int, reason: str) -> Iterator[None]:
    """The call in the block is answered with this status and reason."""
    with pytest.raises(HttpError) as caught:
        yield
    told = json.loads(caught.value.content)["error"]
    assert (caught.value.status_code, told["errors"][0]["reason"]) == (status, reason)
    assert told["code"] == status


def single(event_id: str = "single1", **fields: Any) -> Json:
    """An event of one hour, on 2 September 2026 at 15:00 in Berlin."""
    return {"id": event_id, "summary": "One", **berlin("2026-09-02T15:00:00"), **fields}


def weekly(event_id: str = "series1", *, count: int = 4, **fields: Any) -> Json:
    """A series in Berlin at 15:00, weekly from 7 October 2026, over the end of summer time."""
    times = berlin("2026-10-07T15:00:00")
    rules = [f"RRULE:FREQ=WEEKLY;COUNT={count}"]
    return {"id": event_id, "summary": "Group", **times, "recurrence": rules, **fields}


# The occurrences of `weekly()`: 15:00 is 13:00 UTC in summer time and 14:00 after 25 October.
STAMPS = ["20261007T130000Z", "20261014T130000Z", "20261021T130000Z", "20261028T140000Z"]


def berlin(start: str, *, minutes: int = 60) -> Json:
    end = (datetime.fromisoformat(start) + timedelta(minutes=minutes)).isoformat()
    return {
        side: {"dateTime": text, "timeZone": "Europe/Berlin"}
        for side, text in (("start", start), ("end", end))
    }


def people(*names: str, **answers: str) -> list[Json]:
    """Attendees by name; a keyword gives the answer: `people("ada", ben="accepted")`."""
    invited = [{"email": f"{name}@learners.example"} for name in names]
    return invited + [
        {"email": f"{name}@learners.example", "responseStatus": answer}
        for name, answer in answers.items()
    ]


def answers(event: Json) -> dict[str, str]:
    """Who answered what: `{"ada": "needsAction"}`."""
    return {
        one["email"].partition("@")[0]: one["responseStatus"] for one in event.get("attendees", [])
    }
