"""`manage.py sandbox`: starts anywhere, says where it is, ends cleanly."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.running_sandbox import RunningSandbox

ROOT = Path(__file__).resolve().parents[3]
ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the command without a database, and ends whatever still runs."""
    started: list[subprocess.Popen[str]] = []
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL"}
    environment |= {"DEBUG": "1", "DISCORD_GUILD_ID": "100000000000000007"}

    def begin(*options: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, ROOT / "manage.py", "sandbox", *options],
            env=environment,
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def find_address(process: "subprocess.Popen[str]") -> str:
    """The address that it prints first; fails with what it said instead."""
    assert process.stdout is not None
    line = process.stdout.readline()
    found = ADDRESS.search(line)
    assert found, line + process.communicate(timeout=20)[1]
    return found[0]


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, pytest.param(signal.SIGINT, marks=pytest.mark.matrix)]
)
def test_it_says_where_it_is_and_keeps_its_state_when_it_is_ended(
    start: Start, tmp_path: Path, number: signal.Signals
) -> None:
    process = start("--port", "0", "--state", "state.json")
    sandbox = RunningSandbox(find_address(process))
    sandbox.post("members", [{"id": "200000000000000001", "username": "ada"}])
    assert sandbox.get("state")["discord"]["guild"]["id"] == "100000000000000007"
    process.send_signal(number)
    _, errors = process.communicate(timeout=20)
    assert [process.returncode, errors] == [0, ""]
    state = json.loads((tmp_path / "state.json").read_text())
    assert "ada" in str(state["worlds"]["discord"])


@pytest.mark.matrix
def test_a_port_in_use_is_reported_with_its_number(start: Start) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = start("--port", str(port))
        _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert f"Port {port} is in use" in errors
    assert "Traceback" not in errors


@pytest.mark.matrix
def test_a_broken_state_file_is_reported_and_left_alone(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    file.write_text("{")
    process = start("--port", "0", "--state", "state.json")
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "The state file state.json does not hold a sandbox's state" in errors
    assert "Traceback" not in errors
    assert file.read_text() == "{"
