"""A relay in front of the test's PostgreSQL, or another service, that can go away and come back."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
from collections.abc import Callable
from urllib.parse import parse_qs, quote, urlsplit

from tests.support.processes import database_url


class Relay:
    """Listens on a port of this machine and passes everything on to the test's database.

    `door` is another place to listen, and `connect` reaches another service. `refused` counts the
    connections that came while it was `down()`.
    """

    def __init__(
        self,
        door: socket.socket | None = None,
        connect: Callable[[], socket.socket] | None = None,
    ) -> None:
        self._up = True
        self._ended = False
        self.refused = 0
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._door = door or socket.create_server(("127.0.0.1", 0))
        self._connect = connect or _connect
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._door.getsockname()[1])

    @property
    def url(self) -> str:
        """The test's database by way of this relay."""
        own = urlsplit(database_url())
        return f"postgres://{quote(own.username or '')}@127.0.0.1:{self.port}{own.path}"

    def down(self) -> None:
        """End all connections, and each new one at once."""
        self._up = False
        for pair in list(self._pairs):
            for end in pair:
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)

    def up(self) -> None:
        self._up = True

    def close(self) -> None:
        self._ended = True
        self.down()
        self._door.close()

    def _serve(self) -> None:
        while not self._ended:
            try:
                client, _ = self._door.accept()
            except OSError:
                return
            if not self._up:
                self.refused += 1
                client.close()
                continue
            pair = (client, self._connect())
            self._pairs.append(pair)
            threading.Thread(target=self._pass_on, args=(pair,), daemon=True).start()

    def _pass_on(self, pair: tuple[socket.socket, socket.socket]) -> None:
        with selectors.DefaultSelector() as waiting, pair[0], pair[1]:
            for end, other in (pair, pair[::-1]):
                waiting.register(end, selectors.EVENT_READ, other)
            with contextlib.suppress(OSError):
                while True:
                    for key, _ in waiting.select():
                        read = key.fileobj.recv(65536)
                        if not read:
                            return
                        key.data.sendall(read)


def _connect() -> socket.socket:
    own = urlsplit(database_url())
    host = parse_qs(own.query).get("host", [""])[0]
    if host:
        opened = socket.socket(socket.AF_UNIX)
        opened.connect(f"{host}/.s.PGSQL.5432")
        return opened
    return socket.create_connection((own.hostname or "127.0.0.1", own.port or 5432))
