"""A tiny service, to test what the server adds."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from aiohttp import web


def as_json(data: Any, status: int = 200) -> web.Response:
    return web.Response(
        status=status, body=json.dumps(data).encode(), content_type="application/json"
    )


class Shelf:
    """Named things on a shelf, each removed once its time is over."""

    page_template = "shelf.html"

    def __init__(
        self,
        name: str,
        root: str,
        *,
        now: Callable[[], datetime],
        identity: Mapping[str, str] | None = None,
    ) -> None:
        self.identity = identity or {}
        self.name = name
        self.title = name.title()
        self.root = self.api_root = root
        self.page_actions = {f"{name}-throw-away": self.throw_away}
        self.now = now
        self.things: dict[str, Any] = {}
        self.known_limits = {
            "global": [50, 1],
            "rules": [{"name": "things", "path": "/things$", "limit": 5, "window": 60}],
        }
        self.shows: dict[str, Callable[[], Any]] = {}
        self.controls = {"take_away": self.take_away, "settings": lambda wish: {self.name: wish}}

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get(f"{self.root}/things", self.list_things),
            web.post(f"{self.root}/things", self.add_thing),
            web.patch(f"{self.root}/things/{{name}}", self.add_thing),
            web.get(f"{self.root}/broken", self.fall_over),
            web.post(f"{self.root}/batch", self.run_batch),
        ]

    async def list_things(self, _: web.Request) -> web.Response:
        return as_json(list(self.things.values()))

    async def add_thing(self, request: web.Request) -> web.Response:
        thing = await request.json()
        if "name" not in thing:
            return as_json({"message": "a thing needs a name"}, 400)
        self.things[thing["name"]] = thing
        return as_json(thing, 201)

    async def fall_over(self, _: web.Request) -> web.Response:
        raise RuntimeError("the shelf fell over")

    async def run_batch(self, _: web.Request) -> web.Response:
        return web.Response(text="done", content_type="multipart/mixed")

    def take_away(self, wish: Any) -> None:
        if wish not in self.things:
            raise ValueError(f"there is no {wish}")
        del self.things[wish]

    def owns(self, path: str) -> bool:
        return path.startswith(self.root)

    def advance(self) -> None:
        now = self.now().isoformat()
        self.things = {k: v for k, v in self.things.items() if v.get("until", now) >= now}

    def dump(self) -> dict[str, Any]:
        return {"things": dict(self.things)}

    def load(self, data: dict[str, Any]) -> None:
        self.things = dict(data["things"])

    def reset(self) -> None:
        self.things = {}

    def close_connections(self) -> None:
        pass

    def page(self, matches: Callable[..., bool]) -> dict[str, Any]:
        return {"shelf": self.name, "things": [each for each in self.things if matches(each)]}

    async def throw_away(self, form: Mapping[str, str]) -> str:
        self.take_away(form.get("thing"))
        return self.name

    def fault_response(
        self,
        status: int,
        *,
        retry_after: float | None = None,
        code: Any = None,
        message: str | None = None,
    ) -> web.Response:
        body = {"message": message or f"{self.name} says {status}", "code": code}
        if retry_after is not None:
            body["retry_after"] = retry_after
        return as_json(body, status)

    def limit_response(self, limit: str, retry_after: float) -> web.Response:
        return as_json({"limit": limit, "retry_after": retry_after}, 429)

    def limit_headers(
        self, rule: str, limit: int, left: int, resets_after: float
    ) -> dict[str, str]:
        return {"Left": f"{rule}: {left} of {limit}", "Reset-After": f"{resets_after:.3f}"}
