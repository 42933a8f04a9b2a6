"""A third service gets limits, faults, controls and its part of the page."""

from collections.abc import Iterator
from copy import deepcopy
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from lens.sandbox.clock import Clock
from lens.sandbox.sandbox import Sandbox
from lens.sandbox.services import make_services
from tests.lens.sandbox.client import Answer, Client
from tests.lens.sandbox.shelf import Shelf
from tests.support.running_sandbox import RunningSandbox, sandbox_running
from tests.support.sandbox import CALENDAR_ID, GUILD_ID

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def make_three() -> Sandbox:
    clock = Clock()
    services = make_services(clock, guild_id=GUILD_ID, calendar_id=CALENDAR_ID)
    return Sandbox([*services, Shelf("pantry", "/pantry/v1", now=clock.now)], clock=clock)


@pytest.fixture
def three(settings: Any) -> Iterator[RunningSandbox]:
    settings.TEMPLATES = deepcopy(settings.TEMPLATES)
    settings.TEMPLATES[0]["DIRS"].append(Path(__file__).parent / "templates")
    with sandbox_running(make_three) as running:
        yield running


@pytest.fixture
def pantry(three: RunningSandbox) -> Client:
    return Client(three.url, "/pantry/v1")


def read_page(three: RunningSandbox, search: str = "") -> str:
    return unescape(Client(three.url).get(f"/?q={search}").body)


def throw_away(three: RunningSandbox, thing: str) -> Answer:
    body = urlencode({"thing": thing}).encode()
    return Client(three.url).call("POST", "/pantry-throw-away", body, FORM)


def test_its_limits_are_switched_on_by_its_name(three: RunningSandbox, pantry: Client) -> None:
    three.set_limits(pantry=True)
    assert pantry.get("/things").headers["Left"] == "things: 4 of 5"
    assert "Active for pantry." in read_page(three)


def test_its_controls_are_used_alone_and_in_faults(three: RunningSandbox, pantry: Client) -> None:
    assert three.get("")["controls"]["pantry"] == ["settings", "take_away"]
    for name in ("jam", "tea"):
        pantry.post("/things", {"name": name})
    three.post("take_away", "jam")
    three.set_faults(
        {"kind": "delete", "service": "pantry", "control": "take_away", "argument": "tea"}
    )
    assert pantry.get("/things").body == []


def test_its_part_of_the_page_is_shown_searched_and_used(
    three: RunningSandbox, pantry: Client
) -> None:
    assert "Discord, Google Calendar and Pantry, on this machine only" in read_page(three)
    assert "Pantry is at <code>/pantry/v1/…</code>" in read_page(three)
    pantry.post("/things", {"name": "jam"})
    assert "Throw away jam" in read_page(three)
    assert "Nothing matches “tea”" in read_page(three, "tea")
    done = throw_away(three, "jam")
    assert [done.status, done.headers["Location"]] == [303, "/#pantry"]
    refused = throw_away(three, "jam")
    assert refused.status == 400
    assert "there is no jam" in refused.body
