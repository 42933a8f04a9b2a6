"""`make run`: it prints what answers, and nothing of it is left at its end."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import random
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT, wait_until

SOON = 90
ENDED_SOON = 20


class Demo:
    """A run with ports and a folder of its own."""

    def __init__(self, var: Path, *command: str, terminal: bool = False) -> None:
        self.var = var
        self.port, self.sandbox_port = free_ports()
        self.output = var.with_suffix(".txt")
        self.environment = {
            **os.environ,
            "VAR": str(var),
            "PORT": str(self.port),
            "SANDBOX_PORT": str(self.sandbox_port),
        }
        self.terminal = pty.openpty() if terminal else None
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                command or [sys.executable, "-m", "lens.demo"],
                cwd=ROOT,
                env=self.environment,
                stdin=self.terminal[1] if self.terminal else subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=take_terminal if terminal else None,  # noqa: PLW1509 - no threads here
            )

    def said(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def wait_until_ready(self) -> None:
        wait_until(
            lambda: "Press Ctrl-C to stop" in self.said() or self.process.poll() is not None,
            SOON,
            self.said(),
        )
        assert self.process.poll() is None, self.said()

    def count_members(self) -> int:
        state = json.loads(read(f"http://127.0.0.1:{self.sandbox_port}/_sandbox/state"))
        return len(state["discord"]["members"])

    def press_ctrl_c(self) -> None:
        assert self.terminal
        os.write(self.terminal[0], b"\x03")

    def family(self) -> dict[int, str]:
        """Every process of the run, by what is in its environment; also orphans."""
        mark = f"VAR={self.var}\0".encode()
        found = {}
        for folder in Path("/proc").glob("[0-9]*"):
            try:
                if mark in (folder / "environ").read_bytes():
                    found[int(folder.name)] = (folder / "cmdline").read_bytes().decode()
            except OSError:
                continue
        return found

    def find(self, word: str) -> int:
        return next(pid for pid, command in self.family().items() if f"\0{word}\0" in command)

    def wait_until_nothing_is_left(self) -> None:
        wait_until(lambda: not self.family(), ENDED_SOON, f"left: {self.family()}\n{self.said()}")

    def end(self) -> None:
        for pid in self.family():
            os.kill(pid, signal.SIGKILL)
        self.process.wait()
        for descriptor in self.terminal or ():
            os.close(descriptor)


def take_terminal() -> None:
    """Make standard input the controlling terminal, so that Ctrl-C reaches the whole group."""
    import fcntl
    import termios

    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def free_ports() -> tuple[int, int]:
    """Below those that the system gives out, since they are used only seconds later."""
    while True:
        first = random.randrange(10_000, 30_000, 2)
        with contextlib.suppress(OSError), socket.socket() as one, socket.socket() as other:
            one.bind(("127.0.0.1", first))
            other.bind(("127.0.0.1", first + 1))
            return first, first + 1


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Demo]]:
    started: list[Demo] = []

    def run(*command: str, terminal: bool = False) -> Demo:
        started.append(Demo(tmp_path / "var", *command, terminal=terminal))
        return started[-1]

    yield run
    for demo in started:
        demo.end()


def read(url: str) -> str:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(url, timeout=10) as answer:
        return answer.read().decode()


def test_what_it_prints_answers_until_a_signal_to_make(start: Callable[..., Demo]) -> None:
    demo = start("make", "run")
    demo.wait_until_ready()
    urls = re.findall(r"http://\S+", demo.said())
    assert len(urls) == 3
    for url in urls:
        assert "<html" in read(url).lower()
    demo.process.send_signal(signal.SIGTERM)
    demo.process.wait(ENDED_SOON)
    demo.wait_until_nothing_is_left()
    assert "Stopping. The data is kept" in demo.said()
    assert "*** [" not in demo.said(), "make names a status that is not 0"


@pytest.mark.matrix
def test_the_next_run_keeps_the_data_and_names_a_process_that_dies(
    start: Callable[..., Demo],
) -> None:
    first = start("make", "run", terminal=True)
    first.wait_until_ready()
    before = first.count_members()
    press_and_wait(first)
    database = first.var / "lens.sqlite3"
    made = database.stat().st_ino

    second = start()
    second.wait_until_ready()
    assert database.stat().st_ino == made
    assert not (second.var / "before").exists()
    assert second.count_members() == before > 1
    os.kill(second.find("worker"), signal.SIGKILL)
    assert second.process.wait(ENDED_SOON) == 1
    assert "worker was ended by signal 9. Its last lines:\n  " in second.said()
    second.wait_until_nothing_is_left()


@pytest.mark.matrix
def test_a_second_ctrl_c_in_a_terminal_ends_all_of_it_too(start: Callable[..., Demo]) -> None:
    demo = start("make", "run", terminal=True)
    demo.wait_until_ready()
    press_and_wait(demo, times=2)


def press_and_wait(demo: Demo, *, times: int = 1) -> None:
    for _ in range(times):
        demo.press_ctrl_c()
    demo.process.wait(ENDED_SOON)
    demo.wait_until_nothing_is_left()


def test_a_signal_while_it_starts_ends_all_of_it(start: Callable[..., Demo]) -> None:
    demo = start()
    wait_until(lambda: "Starting" in demo.said(), SOON, demo.said())
    demo.process.send_signal(signal.SIGINT)
    assert demo.process.wait(ENDED_SOON) == 0
    demo.wait_until_nothing_is_left()


@pytest.mark.parametrize("name", ["PORT", pytest.param("SANDBOX_PORT", marks=pytest.mark.matrix)])
def test_a_port_in_use_is_reported_before_anything_starts(tmp_path: Path, name: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "lens.demo"],
            cwd=ROOT,
            env={
                **os.environ,
                "VAR": str(tmp_path / "var"),
                "PORT": str(free_ports()[0]),
                name: str(port),
            },
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"Port {port} cannot be used (Address already in use)" in done.stdout
    assert f"make run {name}=" in done.stdout
    assert not (tmp_path / "var").exists()
