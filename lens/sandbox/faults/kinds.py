"""The kinds of fault: what each does to a call, and when.

kind         when            what the client sees          did the call happen
-----------  --------------  ----------------------------  -------------------
unreachable  on arrival      connection closed, no answer  no (limits unspent)
error        before effect   that error                    no
rate_limit   before effect   429 with a wait               no
drop         before effect   connection closed, no answer  no
slow         before effect   the answer, late              yes, late
hold         before effect   nothing until it is cleared   once it is cleared
delete       before effect   the answer                    yes, after the control
error_after  after effect    that error                    yes
drop_after   after effect    connection closed, no answer  yes
slow_after   after effect    the answer, late              yes
hold_after   after effect    nothing until it is cleared   yes
truncate     after effect    a listing with a part missing yes
garble       after effect    a page, or half of the JSON   yes
"""

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Protocol

from aiohttp import web

from lens.sandbox.bodies import parse_body
from lens.sandbox.journal import Call, body_of
from lens.sandbox.service import Service

# Seconds between checks whether the client of a held call has disconnected.
POLL_SECONDS = 0.02


class Phase(Enum):
    """When a fault acts."""

    ARRIVAL = auto()
    BEFORE = auto()
    AFTER = auto()


class AnswerLostError(Exception):
    """The connection has to be closed without an answer."""


class CallInProgress(Protocol):
    """What a fault sees and changes of a call: the pipeline that processes it."""

    service: Service
    call: Call
    response: web.Response

    @property
    def connected(self) -> bool: ...

    def check_current(self) -> None: ...

    def changed(self) -> None: ...


# Returns the response that replaces the present one, or None to keep it.
Act = Callable[[CallInProgress, dict[str, Any], asyncio.Event], Awaitable[web.Response | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    phase: Phase
    act: Act
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


async def answer_error(
    running: CallInProgress, given: dict[str, Any], _: asyncio.Event
) -> web.Response:
    return running.service.fault_response(
        given["status"],
        retry_after=given.get("retry_after"),
        code=given.get("code"),
        message=given.get("message"),
    )


async def answer_too_many(
    running: CallInProgress, given: dict[str, Any], _: asyncio.Event
) -> web.Response:
    return running.service.fault_response(429, retry_after=given.get("retry_after", 1.0))


async def lose_answer(_: CallInProgress, given: dict[str, Any], cleared: asyncio.Event) -> None:
    del given, cleared
    raise AnswerLostError


async def delay(running: CallInProgress, given: dict[str, Any], cleared: asyncio.Event) -> None:
    """Wait. A slow service finishes its work even if the client no longer waits for it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(cleared.wait(), given["seconds"])
    running.check_current()


async def hold(running: CallInProgress, given: dict[str, Any], cleared: asyncio.Event) -> None:
    """Hold the call until the fault is cleared.

    Raises AnswerLostError if the client disconnects first; before the effect, nothing then happens.
    """
    del given
    running.call.held = True
    try:
        while not cleared.is_set() and running.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(cleared.wait(), POLL_SECONDS)
    finally:
        running.call.held = False
    running.check_current()
    if not running.connected:
        raise AnswerLostError


async def use_control(running: CallInProgress, given: dict[str, Any], _: asyncio.Event) -> None:
    """Use a control while the call is in progress; raise KeyError if there is no such control."""
    running.service.advance()
    running.service.controls[given["control"]](given.get("argument"))
    running.changed()


async def shorten_list(
    running: CallInProgress, given: dict[str, Any], _: asyncio.Event
) -> web.Response | None:
    """Cut the end off a list, or off the `items` of an object. Other answers stay unchanged."""
    response = running.response
    body = parse_body(body_of(response), response.content_type)
    if isinstance(body, list):
        shortened: Any = keep_part(body, given["keep"])
    elif isinstance(body, dict) and isinstance(body.get("items"), list):
        shortened = body | {"items": keep_part(body["items"], given["keep"])}
    else:
        return None
    return web.Response(
        status=response.status,
        body=json.dumps(shortened).encode(),
        headers={k: v for k, v in response.headers.items() if k != "Content-Length"},
    )


async def garble(running: CallInProgress, given: dict[str, Any], _: asyncio.Event) -> web.Response:
    """Answer with another server's page (as a proxy would), or with half of the answer."""
    if given["form"] == "html":
        return web.Response(text=PAGE, content_type="text/html", status=given.get("status", 200))
    whole = body_of(running.response)
    return web.Response(body=whole[: len(whole) // 2], content_type=running.response.content_type)


PAGE = "<!doctype html><title>Welcome</title><p>Please sign in to this network."


def keep_part(items: list[Any], part: float) -> list[Any]:
    return items[: math.floor(len(items) * part)]


ERROR_MAY = frozenset({"code", "message", "retry_after"})
STATUS, SECONDS = frozenset({"status"}), frozenset({"seconds"})

KINDS = {
    kind.name: kind
    for kind in (
        Kind("unreachable", Phase.ARRIVAL, lose_answer),
        Kind("error", Phase.BEFORE, answer_error, STATUS, ERROR_MAY),
        Kind("rate_limit", Phase.BEFORE, answer_too_many, may=frozenset({"retry_after"})),
        Kind("drop", Phase.BEFORE, lose_answer),
        Kind("slow", Phase.BEFORE, delay, SECONDS),
        Kind("hold", Phase.BEFORE, hold),
        Kind("delete", Phase.BEFORE, use_control, frozenset({"control"}), frozenset({"argument"})),
        Kind("error_after", Phase.AFTER, answer_error, STATUS, ERROR_MAY),
        Kind("drop_after", Phase.AFTER, lose_answer),
        Kind("slow_after", Phase.AFTER, delay, SECONDS),
        Kind("hold_after", Phase.AFTER, hold),
        Kind("truncate", Phase.AFTER, shorten_list, frozenset({"keep"})),
        Kind("garble", Phase.AFTER, garble, frozenset({"form"}), STATUS),
    )
}
