"""The state file and the recordings: nothing lost, nothing of another overwritten."""

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lens.sandbox.errors import SandboxError
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.statefile import write_state
from tests.lens.sandbox.client import Client
from tests.support.running_sandbox import sandbox_running

Make = Callable[..., Sandbox]


def wait_until(true: Callable[[], Any], deadline: float = 10.0) -> None:
    ends = time.monotonic() + deadline
    while not true():
        assert time.monotonic() < ends, "it did not become true in time"
        time.sleep(0.01)


def test_the_state_survives_a_restart(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with sandbox_running(lambda: make(state_file=file)) as running:
        Client(running.url, "/kitchen").post("/things", {"name": "cup"})
        running.advance_clock(60)
    with sandbox_running(lambda: make(state_file=file)) as running:
        state = running.get("state")
    assert state["kitchen"] == {"things": {"cup": {"name": "cup"}}}
    assert state["offset_seconds"] == 60


def test_half_a_character_is_saved_and_recorded_too(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    half = "\ud83d"
    with sandbox_running(lambda: make(state_file=file, record=tmp_path)) as running:
        Client(running.url, "/kitchen").post("/things", {"name": half})
    with sandbox_running(lambda: make(state_file=file)) as running:
        assert list(running.get("state")["kitchen"]["things"]) == [half]
    assert json.loads((tmp_path / "kitchen.jsonl").read_text())["body"] == {"name": half}


def test_what_changed_is_saved_without_a_shutdown(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with sandbox_running(lambda: make(state_file=file)) as running:
        Client(running.url, "/kitchen").post("/things", {"name": "cup"})
        wait_until(file.exists)
        saved = json.loads(file.read_text())
    assert saved["worlds"]["kitchen"] == {"things": {"cup": {"name": "cup"}}}


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 7}', '{"format": 1, "identity": {"shelf": "1"}}', "\xff"]
)
def test_a_file_that_holds_no_state_is_reported_and_left_alone(
    make: Make, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "state.json"
    file.write_bytes(text.encode("latin-1"))
    with (
        pytest.raises(SandboxError, match=str(file)),
        sandbox_running(lambda: make(state_file=file)),
    ):
        pass
    assert file.read_bytes() == text.encode("latin-1")


def test_the_state_of_other_services_is_refused(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with sandbox_running(lambda: make(state_file=file, shelf="1")) as running:
        running.advance_clock(1)
    with pytest.raises(SandboxError, match="belongs to shelf 1, and this sandbox is shelf 2"):
        make(state_file=file, shelf="2")


def test_one_that_finds_its_port_in_use_touches_no_file(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with (
            pytest.raises(SandboxError, match=f"Port {port} is in use"),
            sandbox_running(lambda: make(state_file=file), port=port),
        ):
            pass
    assert not file.exists()


def test_a_folder_that_is_not_there_is_reported_and_the_sandbox_goes_on(
    make: Make, tmp_path: Path
) -> None:
    file = tmp_path / "missing" / "state.json"
    with sandbox_running(lambda: make(state_file=file)) as running:
        running.advance_clock(1)
        wait_until(lambda: running.get("state")["trouble"])
        trouble = running.get("state")["trouble"]
    assert trouble.startswith(f"The state could not be saved to {file} (No such file")


def test_a_write_that_fails_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    write_state(file, {"kept": True})
    with pytest.raises(TypeError):
        write_state(file, {"kept": object()})
    folder = tmp_path / "folder.json"
    folder.mkdir()
    with pytest.raises(SandboxError, match=str(folder)):
        write_state(folder, {})
    assert json.loads(file.read_text())["kept"] is True
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.json", "state.json"]


def test_each_service_is_recorded_in_a_file_of_its_own(make: Make, tmp_path: Path) -> None:
    with sandbox_running(lambda: make(record=tmp_path / "calls")) as running:
        kitchen, office = (Client(running.url, root) for root in ("/kitchen", "/office"))
        running.set_faults({"kind": "error", "status": 500, "nth": 2})
        kitchen.post("/things", {"name": "cup"}, Authorization="Bot sandbox-secret")
        kitchen.get("/things")
        office.get("/things")
    lines = (tmp_path / "calls" / "kitchen.jsonl").read_text().splitlines()
    first, second = map(json.loads, lines)
    assert [first["method"], first["body"], first["response"]] == [
        "POST",
        {"name": "cup"},
        {"name": "cup"},
    ]
    assert [first["injected"], second["injected"]] == [False, True]
    assert "secret" not in lines[0]
    assert len((tmp_path / "calls" / "office.jsonl").read_text().splitlines()) == 1
