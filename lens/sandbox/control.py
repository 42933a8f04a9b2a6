"""The control endpoints: JSON under /_sandbox/, with which people and tests control the sandbox."""

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from lens.sandbox.sandbox import Sandbox
from lens.sandbox.service import Service

log = logging.getLogger(__name__)

PREFIX = "/_sandbox"
ENDPOINTS = {
    "GET /_sandbox/": "this list",
    "GET /_sandbox/state": "all of the sandbox's data",
    "GET /_sandbox/calls?since=N": "every call after number N",
    "GET, POST /_sandbox/faults": "the list of faults; a POST replaces it",
    "GET, POST /_sandbox/limits": "the rate limits; a POST replaces them",
    "GET, POST /_sandbox/clock": "the sandbox's time; a POST changes it",
    "POST /_sandbox/reset": "start over",
    "POST /_sandbox/<control>": "make a change by hand; both services' controls are listed below",
    "GET /_sandbox/<show>": "show data; both services' shows are listed below",
}


class ControlEndpoints:
    """The handlers of the control endpoints. Errors are returned as {"error": sentence}."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{PREFIX}/", self.list_endpoints),
            web.get(f"{PREFIX}/state", self.show_state),
            web.get(f"{PREFIX}/calls", self.show_calls),
            web.get(f"{PREFIX}/faults", self.show_faults),
            web.post(f"{PREFIX}/faults", self.set_faults),
            web.get(f"{PREFIX}/limits", self.show_limits),
            web.post(f"{PREFIX}/limits", self.set_limits),
            web.get(f"{PREFIX}/clock", self.show_clock),
            web.post(f"{PREFIX}/clock", self.move_clock),
            web.post(f"{PREFIX}/reset", self.reset),
            web.get(f"{PREFIX}/{{show}}", self.show),
            web.post(f"{PREFIX}/{{control}}", self.use_control),
            web.post(f"{PREFIX}/{{service}}/{{control}}", self.use_control),
        ]

    async def list_endpoints(self, request: web.Request) -> web.Response:
        del request
        controls = {service.name: sorted(service.controls) for service in self.sandbox.services}
        shows = {service.name: sorted(service.shows) for service in self.sandbox.services}
        return web.json_response({"doors": ENDPOINTS, "controls": controls, "shows": shows})

    async def show_state(self, request: web.Request) -> web.Response:
        del request
        self.sandbox.advance()
        return web.json_response(self.sandbox.describe())

    async def show_calls(self, request: web.Request) -> web.Response:
        since = request.query.get("since", "0")
        if not since.isdecimal():
            raise ValueError(f"“since” must be the number of a call; it is “{since}”.")
        return web.json_response(self.sandbox.journal.describe(int(since)))

    async def show_faults(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self.sandbox.faults.describe())

    async def set_faults(self, request: web.Request) -> web.Response:
        self.sandbox.faults.replace(await read_json(request))
        return await self.show_faults(request)

    async def show_limits(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self.sandbox.limits.describe())

    async def set_limits(self, request: web.Request) -> web.Response:
        self.sandbox.limits.set(await read_json(request))
        return await self.show_limits(request)

    async def show_clock(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(self.sandbox.clock.describe())

    async def move_clock(self, request: web.Request) -> web.Response:
        self.sandbox.clock.move(await read_json(request))
        self.sandbox.advance()
        self.sandbox.changed()
        return await self.show_clock(request)

    async def reset(self, request: web.Request) -> web.Response:
        self.sandbox.reset()
        return await self.show_clock(request)

    async def show(self, request: web.Request) -> web.Response:
        """Respond with the data of the first service that has a show of this name."""
        name = request.match_info["show"]
        self.sandbox.advance()
        for service in self.sandbox.services:
            if name in service.shows:
                return web.json_response(service.shows[name]())
        raise web.HTTPNotFound

    async def use_control(self, request: web.Request) -> web.Response:
        """Respond with what the control returns, or {} if it returns None."""
        name = request.match_info["control"]
        control = self._find(name, request.match_info.get("service")).controls[name]
        body = await read_json(request)
        self.sandbox.advance()
        result = control(body)
        self.sandbox.changed()
        return web.json_response({} if result is None else result)

    def _find(self, control: str, service: str | None) -> Service:
        """Return the only service that has this control; raise HTTPNotFound or ValueError."""
        candidates = [each for each in self.sandbox.services if service in (None, each.name)]
        having = [each for each in candidates if control in each.controls]
        if not having:
            raise web.HTTPNotFound
        if len(having) > 1:
            paths = " or ".join(f"{PREFIX}/{each.name}/{control}" for each in having)
            raise ValueError(f"More than one service has the control “{control}”. Use {paths}.")
        return having[0]


async def read_json(request: web.Request) -> Any:
    """Return the request's body, or None if it is empty; raise ValueError with a sentence."""
    raw = await request.read()
    try:
        return json.loads(raw) if raw.strip() else None
    except ValueError as error:
        raise ValueError(f"The body is not JSON: {error}.") from None


@web.middleware
async def report_errors(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Return every error of a control endpoint as JSON with a sentence."""
    if not request.path.startswith(PREFIX):
        return await handler(request)
    try:
        return await handler(request)
    except ValueError as error:
        return error_response(400, str(error))
    except web.HTTPException as error:
        sentence = (
            f"There is no {request.method} {request.path}. GET {PREFIX}/ lists all endpoints."
        )
        return error_response(error.status, sentence)
    except Exception as error:
        log.exception("The control endpoint %s failed", request.path)
        return error_response(500, f"The sandbox has a bug: {type(error).__name__}: {error}.")


def error_response(status: int, sentence: str) -> web.Response:
    return web.json_response({"error": sentence}, status=status)
