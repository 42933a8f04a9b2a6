"""docs/sandbox.md: each control has an example, and each example works as it stands."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from lens.sandbox.inprocess import RunningSandbox
from tests.lens.sandbox.cohort import make_bot

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```http\nPOST /_sandbox/(\S+)\n(.*?)```", re.DOTALL)
EXAMPLES = [(door, body.strip()) for door, body in BLOCK.findall(TEXT)]


def use_real_ids(body: str, sandbox: RunningSandbox, interaction: str) -> str:
    """The text has made-up ids where Discord would have chosen one."""
    state = sandbox.get("state")["discord"]
    channels = {c["name"]: c["id"] for c in state["channels"].values()}
    said = [message for held in state["messages"].values() for message in held.values()]
    real = {
        "300000000000000001": channels["group-1"],
        "300000000000000002": next(
            r["id"] for r in state["roles"].values() if r["name"] == "Group 1"
        ),
        "300000000000000003": channels["Voice 1"],
        "300000000000000004": next(m["id"] for m in said if m["components"]),
        "300000000000000005": interaction,
    }
    for written, meant in real.items():
        body = body.replace(written, meant)
    return body


@pytest.mark.parametrize(("door", "body"), EXAMPLES)
def test_an_example_works_as_it_stands(cohort: RunningSandbox, door: str, body: str) -> None:
    if door == "leave":
        cohort.post("join", {"id": "200000000000000003", "username": "edsger"})
    interaction = make_bot(cohort)
    wish: Any = json.loads(use_real_ids(body, cohort, interaction)) if body else None
    cohort.post(door, wish)


def test_each_control_and_each_door_has_an_example(sandbox: RunningSandbox) -> None:
    shown = sandbox.get("")
    doors = {door.rpartition("/_sandbox/")[2] for door in shown["doors"] if "POST" in door}
    controls = {name for world in shown["controls"].values() for name in world}
    named = {door.rpartition("/")[2] for door, _ in EXAMPLES}
    assert doors - {"<control>"} | controls == named


def test_each_show_is_named(sandbox: RunningSandbox) -> None:
    shown = sandbox.get("")
    for name in {name for world in shown["shows"].values() for name in world}:
        assert f"GET /_sandbox/{name}" in TEXT
        sandbox.get(name)


@pytest.mark.parametrize("world", ["discord", "google"])
def test_each_setting_has_an_example(sandbox: RunningSandbox, world: str) -> None:
    known = set(sandbox.post(f"{world}/settings", {}))
    examples = [json.loads(body) for door, body in EXAMPLES if door == f"{world}/settings"]
    assert known == {name for example in examples for name in example}
