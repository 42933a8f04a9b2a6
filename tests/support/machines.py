"""Workers on machines of their own, which can lose their network.

A machine is a process in its own network namespace, with its own host name. All that it reaches is
the test's database and the sandbox: relays listen on its loopback interface, so it is cut off by
switching that off. Established connections then fall silent, as when a cable is pulled.

Needs Linux, and root or the right to make user namespaces; otherwise the test is skipped.
"""

from __future__ import annotations

import ctypes
import fcntl
import multiprocessing
import os
import signal
import socket
import struct
import threading
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import DatabaseError, connections

from tests.support import registries
from tests.support.relay import Relay
from tests.support.running_sandbox import RunningSandbox
from tests.support.workers import PASSED_ON, PATIENCE

NEW_USER, NEW_NETWORK, NEW_HOST_NAME = 0x10000000, 0x40000000, 0x04000000  # of unshare(2)
GET_FLAGS, SET_FLAGS, IS_UP = 0x8913, 0x8914, 1  # of netdevice(7)
SILENCE = 3  # seconds until a machine gives up a connection to the database

context = multiprocessing.get_context("forkserver")
context.set_forkserver_preload(["tests.support.forked"])


class Machine:
    """A machine whose worker syncs these providers, until it is stopped or killed."""

    def __init__(
        self,
        name: str,
        folder: Path,
        sandbox: RunningSandbox,
        *mirrors: str,
        **settings_here: Any,
    ) -> None:
        address = urlsplit(sandbox.url)
        doors = {what: folder / f"{name}.{what}" for what in ("database", "sandbox")}
        self._relays = [
            Relay(listen(doors["database"])),
            Relay(
                listen(doors["sandbox"]),
                lambda: socket.create_connection((str(address.hostname), int(address.port or 0))),
            ),
        ]
        self._orders, theirs = context.Pipe()
        passed = {name: getattr(settings, name) for name in PASSED_ON} | settings_here
        database = settings.DATABASES["default"]["NAME"]
        connections.close_all()  # not to share a socket
        self._process = context.Process(
            target=live_on_machine,
            args=(name, doors, theirs, database, passed, registries.read_all(), mirrors),
            daemon=True,
        )
        self._process.start()
        theirs.close()  # or nothing would show that the machine has died
        if refused := self._ask("begin")[1]:
            self.end()
            pytest.skip(f"This machine allows no network namespaces: {refused}")

    def lose_network(self) -> None:
        self._order("down")

    def regain_network(self) -> None:
        self._order("up")

    def count_turns(self) -> int:
        """Return how often the worker has asked what is due, and finished that."""
        return self._order("count")

    def end(self) -> None:
        """End it as a power cut would."""
        if self._process.is_alive() and self._process.pid:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.join(PATIENCE)
        for relay in self._relays:
            relay.close()

    def _order(self, what: str) -> int:
        return self._ask(what)[0]

    def _ask(self, what: str) -> tuple[int, str]:
        """Return how many turns the worker has finished, and why it could not begin, or ""."""
        self._orders.send(what)
        assert self._orders.poll(PATIENCE), f"the machine did not answer to {what!r}"
        turns, refused = self._orders.recv()
        return int(turns), str(refused)


def live_on_machine(
    name: str,
    doors: Mapping[str, Path],
    orders: Connection,
    database: str,
    passed: Mapping[str, Any],
    registered: Any,
    mirrors: tuple[str, ...],
) -> None:
    """Do what a worker does, and what the test orders, in the machine's process."""
    from tests.support import forked

    try:
        leave_this_machine(name)
    except OSError as error:
        orders.recv()
        orders.send((0, str(error)))
        return
    ports = {what: Relay(connect=lambda door=door: dial(door)).port for what, door in doors.items()}
    web = f"http://127.0.0.1:{ports['sandbox']}"
    reached = {"DISCORD_API_BASE": f"{web}/api/v10", "GOOGLE_CALENDAR_API_BASE": web}
    forked.take_over(database, {**passed, **reached}, registered)
    os.environ.pop("LENS_WORKER")  # its holder's name begins with its host's
    _reach_database(ports["database"])
    turns: list[None] = []
    threading.Thread(target=_obey, args=(orders, turns), daemon=True).start()
    waiting = threading.Event()
    while not waiting.wait(0.05):
        try:
            forked.work_on_due(mirrors)
        except DatabaseError:
            connections.close_all()
        turns.append(None)


def leave_this_machine(name: str, *, uid: int | None = None) -> None:
    """Enter new namespaces, as this user if one is given.

    As root, or else as whoever may make a user namespace.
    """
    own = NEW_NETWORK | NEW_HOST_NAME
    if uid is None:
        if _unshare(own) and _unshare(own | NEW_USER):
            raise OSError(ctypes.get_errno(), "unshare was refused")
    else:
        outside, group = os.geteuid(), os.getegid()
        if _unshare(own | NEW_USER):
            raise OSError(ctypes.get_errno(), "unshare was refused")
        for file, line in (
            ("setgroups", "deny"),
            ("uid_map", f"{uid} {outside} 1"),
            ("gid_map", f"{uid} {group} 1"),
        ):
            Path(f"/proc/self/{file}").write_text(line, encoding="ascii")
    socket.sethostname(name)
    _switch_network(on=True)


def _unshare(what: int) -> int:
    return int(ctypes.CDLL(None, use_errno=True).unshare(what))


def _switch_network(*, on: bool) -> None:
    with socket.socket() as any_socket:
        asked = struct.pack("16sH14x", b"lo", 0)
        (flags,) = struct.unpack("16xH14x", fcntl.ioctl(any_socket, GET_FLAGS, asked))
        flags = flags | IS_UP if on else flags & ~IS_UP
        fcntl.ioctl(any_socket, SET_FLAGS, struct.pack("16sH14x", b"lo", flags))


def _reach_database(port: int) -> None:
    told = connections["default"].settings_dict
    limits = {"connect_timeout": SILENCE, "tcp_user_timeout": 1000 * SILENCE}
    options = {key: value for key, value in told["OPTIONS"].items() if key != "host"}
    told |= {"HOST": "127.0.0.1", "PORT": port, "OPTIONS": options | limits}


def _obey(orders: Connection, turns: list[None]) -> None:
    while True:
        order = orders.recv()
        if order in ("up", "down"):
            _switch_network(on=order == "up")
        orders.send((len(turns), ""))


def listen(path: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen()
    return door


def dial(path: Path) -> socket.socket:
    opened = socket.socket(socket.AF_UNIX)
    opened.connect(str(path))
    return opened
