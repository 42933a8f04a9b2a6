"""The service that the sandbox server mounts: routes, controls and persistent state."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from calendarsync.sandbox.controls import controls
from calendarsync.sandbox.errors import GoogleError
from calendarsync.sandbox.events.instances import exceptions
from calendarsync.sandbox.page import Matches, show_calendar, view
from calendarsync.sandbox.requests.batch import answer_batch
from calendarsync.sandbox.requests.call import Answer, parse_call
from calendarsync.sandbox.requests.dispatch import PREFIX, answer
from calendarsync.sandbox.settings import default_settings
from calendarsync.sandbox.state import KEPT, State, next_revision

BATCH = "/batch/calendar/v3"
JSON = "application/json"


class CalendarSandbox:
    """Google Calendar v3 with one calendar, also available as `primary`."""

    name = "google"
    title = "Google Calendar"
    api_root = PREFIX
    page_template = "sandbox/google/page.html"
    page_actions: Mapping[str, Any] = {}
    # Google documents its quotas per minute.
    known_limits: Mapping[str, Any] = {"global": [600, 60], "rules": []}

    def __init__(
        self, *, now: Callable[[], datetime], calendar_id: str = "lens@sandbox.example"
    ) -> None:
        self.identity = {"calendar": calendar_id}
        self.state = State(calendar_id=calendar_id, now=now)
        self.controls = controls(self.state)
        self.shows: dict[str, Callable[[], Any]] = {}

    def routes(self) -> list[web.RouteDef]:
        return [web.route("*", PREFIX + "/{tail:.*}", self._answer), web.post(BATCH, self._batch)]

    def owns(self, path: str) -> bool:
        return path == BATCH or path.startswith(PREFIX + "/")

    def dump(self) -> dict[str, Any]:
        """Return all state as JSON values; `load(dump())` changes nothing."""
        return deepcopy({name: getattr(self.state, name) for name in KEPT})

    def load(self, data: dict[str, Any]) -> None:
        for name in KEPT:
            setattr(self.state, name, deepcopy(data[name]))
        self.state.settings = default_settings() | self.state.settings

    def close_connections(self) -> None:
        """Do nothing, because no connection is held open."""

    def reset(self) -> None:
        """Start with one empty calendar. Earlier tokens and settings become invalid."""
        fresh = State(calendar_id=self.state.calendar_id, now=self.state.now)
        self.load({name: getattr(fresh, name) for name in KEPT})

    def advance(self) -> None:
        """Remove deleted events that Google no longer shows. Their ids stay used."""
        state = self.state
        oldest = state.now() - timedelta(days=state.settings["deleted_days"])
        for event in list(state.events.values()):
            gone = event["status"] == "cancelled" and event["series"] is None
            if gone and datetime.fromisoformat(event["updated"]) < oldest:
                self._bury(event["id"])

    def _bury(self, event_id: str) -> None:
        for event in exceptions(self.state, event_id):
            del self.state.events[event["id"]]
        del self.state.events[event_id]
        self.state.buried.append(event_id)
        next_revision(self.state)

    def page(self, matches: Matches) -> dict[str, Any]:
        return {"calendar": show_calendar(view(self.state), matches)}

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: Any = None,
        message: str | None = None,
    ) -> web.Response:
        """Return an injected error in Google's form.

        `code` is its reason, such as `quotaExceeded`.
        """
        error = GoogleError.of_status(status)
        error.reason = str(code or error.reason)
        error.message = message or error.message
        headers = {} if retry_after is None else {"Retry-After": f"{retry_after:g}"}
        return _response(Answer(status, error.body(), headers))

    def limit_response(self, limit: str, retry_after: float) -> web.Response:
        """Return Google's refusal, which names neither the limit nor a time to wait."""
        del limit, retry_after
        message = "Rate Limit Exceeded"
        return self.fault_response(403, code="rateLimitExceeded", message=message)

    def limit_headers(
        self, rule: str, limit: int, left: int, resets_after: float
    ) -> dict[str, str]:
        """Return no headers: Google does not announce what is left of a quota."""
        del rule, limit, left, resets_after
        return {}

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.read()
        call = parse_call(request.method, request.raw_path, request.headers, body)
        return _response(answer(self.state, call))

    async def _batch(self, request: web.Request) -> web.Response:
        body = (await request.read()).decode(errors="replace")
        headers = {"authorization": request.headers.get("Authorization", "")}
        given = {name: value for name, value in headers.items() if value}
        try:
            boundary, text = answer_batch(
                self.state, request.headers.get("Content-Type", ""), body, given
            )
        except GoogleError as error:
            return _response(Answer(error.status, error.body()))
        content_type = f"multipart/mixed; boundary={boundary}"
        return web.Response(body=text.encode(), headers={"Content-Type": content_type})


def _response(answered: Answer) -> web.Response:
    headers = dict(answered.headers)
    if answered.body is not None:
        headers["Content-Type"] = f"{JSON}; charset=UTF-8"
    body = answered.text().encode() if answered.body is not None else None
    return web.Response(status=answered.status, body=body, headers=headers)
