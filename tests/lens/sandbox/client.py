"""A plain HTTP client that repeats nothing."""

import json
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Calls under one root, each on a connection of its own."""

    def __init__(self, url: str, root: str = "") -> None:
        self.address = urlsplit(url)
        self.root = root
        self._pool = ThreadPoolExecutor(max_workers=4)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: Any, **headers: str) -> Answer:
        return self.call("POST", path, body, headers)

    def patch(self, path: str, body: Any) -> Answer:
        return self.call("PATCH", path, body)

    def later(self, method: str, path: str, body: Any = None) -> "Future[Answer]":
        """The same call, without waiting for its answer."""
        return self._pool.submit(self.call, method, path, body)

    def connect(self) -> HTTPConnection:
        return HTTPConnection(self.address.hostname or "", self.address.port, timeout=10)

    def call(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = self.connect()
        named = {"Content-Type": "application/json", **(headers or {})}
        named = {key.replace("_", "-"): value for key, value in named.items()}
        data = body if isinstance(body, bytes) else None if body is None else json.dumps(body)
        try:
            connection.request(method, self.root + path, body=data, headers=named)
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), parse(response.read()))
        finally:
            connection.close()


def parse(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except ValueError:
        return raw.decode()
