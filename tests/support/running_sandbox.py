"""Run a sandbox in a thread of this process, for tests and experiments."""

import asyncio
import json
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit

from lens.sandbox.journal import Call
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.server import build_app, start

START_SECONDS = 10.0
POLL_SECONDS = 0.01

Json = Any


# Calls a function with a sandbox of this process, in the sandbox's own thread.
Do = Callable[[Callable[[Sandbox], Any]], Any]


class RefusedError(Exception):
    """A control endpoint returned an error; the message is its sentence."""


@dataclass(frozen=True)
class KeptSandbox:
    """What a sandbox held at a moment of its own clock, and what had been done until then."""

    done: str
    services: dict[str, Json]
    calls: tuple[Call, ...]
    now: datetime


class RunningSandbox:
    """A running sandbox, and helpers for tests. Safe to use from any thread.

    Everything but `keep`, `put_back` and `find_crashes` uses the control endpoints, so a test in
    another process can do the same.
    """

    def __init__(self, url: str, do: Do | None = None) -> None:
        self.url = url
        self._do = do
        self._wishes: list[tuple[str, Json]] = []
        self.discord_api_base = f"{url}/api/v10"
        self.google_api_base = url

    def get(self, path: str) -> Json:
        """GET a path below `/_sandbox/`, such as "state" or "calls?since=7"; raise RefusedError."""
        return self._request("GET", path)

    def post(self, path: str, body: Json = None) -> Json:
        """POST to a path or to a service's control; raise RefusedError."""
        self._wishes.append((path, body))
        return self._request("POST", path, body)

    def reset(self) -> None:
        self.post("reset")
        self._wishes.clear()

    @property
    def done_so_far(self) -> str:
        """What was wished of the sandbox, and how many calls came, since it was reset.

        It is the same for a world that was put back as for one that was just built.
        """
        assert self._do, "only in the sandbox's own process"
        return repr((self._wishes, self._do(lambda sandbox: sandbox.journal.last)))

    def keep(self) -> KeptSandbox:
        """Return all that the sandbox holds; faults and limits are not included."""
        assert self._do, "only in the sandbox's own process"
        done = self.done_so_far
        kept: KeptSandbox = self._do(lambda sandbox: _keep(sandbox, done))
        self._wishes = [("as kept", done)]
        return kept

    def put_back(self, kept: KeptSandbox) -> None:
        assert self._do, "only in the sandbox's own process"
        self._do(lambda sandbox: _put_back(sandbox, kept))
        self._wishes = [("as kept", kept.done)]

    def find_crashes(self) -> list[str]:
        """Return the calls at which the sandbox itself failed.

        `calls` would write all calls as JSON and read them, for each test.
        """
        assert self._do, "only in the sandbox's own process"
        found: list[str] = self._do(_find_crashes)
        return found

    @property
    def last(self) -> int:
        """The number of the newest call, for a later query with `since`."""
        return int(self.get(f"calls?since={10**12}")["last"])

    def calls(self, since: int = 0, **wanted: Any) -> list[dict[str, Any]]:
        """Return the calls after number `since` with these values, for example `method="POST"`."""
        calls = self.get(f"calls?since={since}")["calls"]
        return [c for c in calls if all(c[key] == value for key, value in wanted.items())]

    def writes(self, since: int = 0, **wanted: Any) -> list[dict[str, Any]]:
        """Return the calls that changed something."""
        return self.calls(since, wrote=True, **wanted)

    def set_faults(self, *faults: dict[str, Any]) -> None:
        """Replace all faults with these. Without arguments, clear them."""
        self.post("faults", list(faults))

    def set_limits(self, **limits: Any) -> None:
        """Set these rate limits, such as `discord=True, scale=0.01`.

        Without arguments, switch them off.
        """
        self.post("limits", limits)

    def set_clock(self, now: Any) -> None:
        """Set the clock to this aware datetime."""
        self.post("clock", {"now": now.isoformat()})

    def advance_clock(self, seconds: float) -> None:
        self.post("clock", {"advance_seconds": seconds})

    def wait_for_call(
        self, deadline: float = 60.0, since: int = 0, **wanted: Any
    ) -> dict[str, Any]:
        """Wait for a call with these values and return it; raise TimeoutError.

        `wait_for_call(held=True)` waits until a fault holds a call.
        """
        ends = time.monotonic() + deadline
        while time.monotonic() < ends:
            if found := self.calls(since, **wanted):
                return found[0]
            time.sleep(POLL_SECONDS)
        raise TimeoutError(f"No call like {wanted} was received within {deadline} seconds.")

    def _request(self, method: str, path: str, body: Json = None) -> Json:
        parts = urlsplit(self.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        body = json.dumps(body) if method == "POST" else None
        try:
            connection.request(method, f"/_sandbox/{path}", body=body)
            response = connection.getresponse()
            answer = json.loads(response.read())
        finally:
            connection.close()
        if response.status != 200:
            raise RefusedError(answer["error"])
        return answer


@contextmanager
def sandbox_running(
    make_sandbox: Callable[[], Sandbox], *, port: int = 0
) -> Iterator[RunningSandbox]:
    """Serve a sandbox from a thread until the block ends.

    Raises SandboxError if it cannot start.
    """
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, name="sandbox", daemon=True)
    thread.start()

    made: list[Sandbox] = []

    async def begin() -> Any:
        made.append(make_sandbox())
        return await start(build_app(made[0]), port)

    def do(act: Callable[[Sandbox], Any]) -> Any:
        async def call() -> Any:
            return act(made[0])

        return asyncio.run_coroutine_threadsafe(call(), loop).result(START_SECONDS)

    try:
        starting = asyncio.run_coroutine_threadsafe(begin(), loop)
        runner, url = starting.result(START_SECONDS)
        try:
            yield RunningSandbox(url, do)
        finally:
            asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(START_SECONDS)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def _find_crashes(sandbox: Sandbox) -> list[str]:
    calls = sandbox.journal.since(0)
    return [f"{call.method} {call.shown_path}: {call.crash}" for call in calls if call.crash]


def _keep(sandbox: Sandbox, done: str) -> KeptSandbox:
    services = {service.name: service.dump() for service in sandbox.services}
    return KeptSandbox(done, services, tuple(sandbox.journal.since(0)), sandbox.clock.now())


def _put_back(sandbox: Sandbox, kept: KeptSandbox) -> None:
    sandbox.reset()
    sandbox.clock.move({"now": kept.now.isoformat()})
    for service in sandbox.services:
        service.load(kept.services[service.name])
    sandbox.journal._calls = deque(kept.calls)
    sandbox.journal.last = kept.calls[-1].number if kept.calls else 0
