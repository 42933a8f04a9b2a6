"""docs/sandbox.md: each control has an example, and each example works as it is."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.lens.sandbox.cohort import make_bot
from tests.support.running_sandbox import RunningSandbox

TEXT = (Path(__file__).resolve().parents[3] / "docs" / "sandbox.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"```http\nPOST /_sandbox/(\S+)\n(.*?)```", re.DOTALL)
EXAMPLES = [(path, body.strip()) for path, body in BLOCK.findall(TEXT)]


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


@pytest.mark.parametrize(("path", "body"), EXAMPLES)
def test_an_example_works_as_it_is(cohort: RunningSandbox, path: str, body: str) -> None:
    if path == "leave":
        cohort.post("join", {"id": "200000000000000003", "username": "edsger"})
    interaction = make_bot(cohort)
    wish: Any = json.loads(use_real_ids(body, cohort, interaction)) if body else None
    cohort.post(path, wish)


def test_each_control_and_each_endpoint_has_an_example(sandbox: RunningSandbox) -> None:
    shown = sandbox.get("")
    endpoints = {path.rpartition("/_sandbox/")[2] for path in shown["doors"] if "POST" in path}
    controls = {name for service in shown["controls"].values() for name in service}
    named = {path.rpartition("/")[2] for path, _ in EXAMPLES}
    assert endpoints - {"<control>"} | controls == named


def test_each_show_is_named(sandbox: RunningSandbox) -> None:
    shown = sandbox.get("")
    for name in {name for service in shown["shows"].values() for name in service}:
        assert f"GET /_sandbox/{name}" in TEXT
        sandbox.get(name)


@pytest.mark.parametrize("service", ["discord", "google"])
def test_each_setting_has_an_example(sandbox: RunningSandbox, service: str) -> None:
    known = set(sandbox.post(f"{service}/settings", {}))
    examples = [json.loads(body) for path, body in EXAMPLES if path == f"{service}/settings"]
    assert known == {name for example in examples for name in example}
