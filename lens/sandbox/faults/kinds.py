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
garble       after effect    200 with a page or half JSON  yes
"""

import asyncio
import contextlib
import json
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from aiohttp import web

from lens.sandbox.bodies import parse_body
from lens.sandbox.journal import body_of

if TYPE_CHECKING:
    from lens.sandbox.pipeline import Passage

# Seconds between checks whether the client of a held call has disconnected.
LOOK_SECONDS = 0.02


class Phase(Enum):
    """When a fault acts."""

    ARRIVAL = auto()
    BEFORE = auto()
    AFTER = auto()


class AnswerLostError(Exception):
    """The connection has to be closed without an answer."""


# Returns the response that replaces the present one, or None to keep it.
Act = Callable[["Passage", dict[str, Any], asyncio.Event], Awaitable[web.Response | None]]


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    phase: Phase
    act: Act
    needs: frozenset[str] = frozenset()
    may: frozenset[str] = frozenset()


async def answer_error(passage: "Passage", given: dict[str, Any], _: asyncio.Event) -> web.Response:
    return passage.world.fault_response(
        given["status"],
        retry_after=given.get("retry_after"),
        code=given.get("code"),
        message=given.get("message"),
    )


async def answer_wait(passage: "Passage", given: dict[str, Any], _: asyncio.Event) -> web.Response:
    return passage.world.fault_response(429, retry_after=given.get("retry_after", 1.0))


async def lose_answer(_: "Passage", given: dict[str, Any], gone: asyncio.Event) -> None:
    del given, gone
    raise AnswerLostError


async def wait_a_while(passage: "Passage", given: dict[str, Any], gone: asyncio.Event) -> None:
    """Wait. A slow service finishes its work even if the client no longer waits for it."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(gone.wait(), given["seconds"])
    passage.check_current()


async def wait_until_gone(passage: "Passage", given: dict[str, Any], gone: asyncio.Event) -> None:
    """Hold the call until the fault is cleared.

    Raises AnswerLostError if the client disconnects first; before the effect, nothing then happens.
    """
    del given
    passage.call.held = True
    try:
        while not gone.is_set() and passage.connected:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(gone.wait(), LOOK_SECONDS)
    finally:
        passage.call.held = False
    passage.check_current()
    if not passage.connected:
        raise AnswerLostError


async def use_control(passage: "Passage", given: dict[str, Any], _: asyncio.Event) -> None:
    """Use a control while the call is in progress; raise KeyError if there is no such control."""
    passage.world.advance()
    passage.world.controls[given["control"]](given.get("argument"))
    passage.changed()


async def shorten_list(
    passage: "Passage", given: dict[str, Any], _: asyncio.Event
) -> web.Response | None:
    """Cut the end off a list, or off the `items` of an object. Other answers stay unchanged."""
    response = passage.response
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


async def garble(passage: "Passage", given: dict[str, Any], _: asyncio.Event) -> web.Response:
    """Answer with another server's page (as a proxy would), or with half of the answer."""
    if given["form"] == "html":
        return web.Response(text=PAGE, content_type="text/html")
    whole = body_of(passage.response)
    return web.Response(body=whole[: len(whole) // 2], content_type=passage.response.content_type)


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
        Kind("rate_limit", Phase.BEFORE, answer_wait, may=frozenset({"retry_after"})),
        Kind("drop", Phase.BEFORE, lose_answer),
        Kind("slow", Phase.BEFORE, wait_a_while, SECONDS),
        Kind("hold", Phase.BEFORE, wait_until_gone),
        Kind("delete", Phase.BEFORE, use_control, frozenset({"control"}), frozenset({"argument"})),
        Kind("error_after", Phase.AFTER, answer_error, STATUS, ERROR_MAY),
        Kind("drop_after", Phase.AFTER, lose_answer),
        Kind("slow_after", Phase.AFTER, wait_a_while, SECONDS),
        Kind("hold_after", Phase.AFTER, wait_until_gone),
        Kind("truncate", Phase.AFTER, shorten_list, frozenset({"keep"})),
        Kind("garble", Phase.AFTER, garble, frozenset({"form"})),
    )
}
