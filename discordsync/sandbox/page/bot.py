"""The bot's part of the page, where a person runs commands, presses buttons and fills in forms."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any

View = Mapping[str, Any]
Matches = Callable[..., bool]
Form = Mapping[str, str]

SHOWN_INTERACTIONS = 8
OPTION, FIELD = "option.", "field."
INTEGER, BOOLEAN, NUMBER = 4, 5, 10
OPEN_STATES = ("waiting", "thinking")
# How long the page waits for the bot's answer, because the page does not update automatically.
PATIENCE_SECONDS = 2.0
POLL_SECONDS = 0.05


def show_bot(view: View, matches: Matches) -> dict[str, Any]:
    """Return sessions, commands and the newest interactions, prepared for the template."""
    people = {person["id"]: person["name"] for person in view["people"]}
    shown = [show_interaction(each, people) for each in view["interactions"]]
    chosen = [each for each in shown if matches(each["who"], each["name"], *each["texts"])]
    return {
        "gateway": view["gateway"],
        "commands": view["commands"],
        "people": [person for person in view["people"] if not person["bot"]],
        "voice_channels": [
            channel
            for category in view["categories"]
            for channel in category["channels"]
            if channel["kind"] == "voice"
        ],
        "interactions": chosen[::-1][:SHOWN_INTERACTIONS],
    }


def show_interaction(interaction: View, people: Mapping[str, str]) -> dict[str, Any]:
    return {
        **interaction,
        "who": people.get(interaction["user"], interaction["user"]),
        "at": datetime.fromisoformat(interaction["at"]),
        "texts": [message["content"] for message in interaction["messages"]],
        "messages": [
            message | {"buttons": list(parts(message["components"]))}
            for message in interaction["messages"]
        ],
    }


def parts(rows: Iterable[View]) -> Iterable[View]:
    """Return the buttons and menus below a message, in their order."""
    return (part for row in rows for part in row["components"])


def read_person(form: Form, people: Iterable[View]) -> str:
    """Return the id of the person with this name or id; raise ValueError."""
    named = form.get("user", "").strip()
    for person in people:
        if named in (person["name"], person["id"]):
            return str(person["id"])
    raise ValueError(f"No one in the guild is called “{named}”.")


def read_action(form: Form, view: View) -> dict[str, Any]:
    """Return what a form requests, as an argument of the control `interactions`."""
    action = {name: form[name] for name in ("focus", "press", "message_id") if form.get(name)}
    action["user"] = read_person(form, view["people"])
    if form.get("submit"):
        return action | {"submit": form["submit"], "values": named(form, FIELD)}
    if form.get("press"):
        return action | ({"values": [form["value"]]} if form.get("value") else {})
    return action | {
        "command": form.get("command", ""),
        "options": read_options(form, view["commands"]),
    }


def named(form: Form, prefix: str) -> dict[str, str]:
    return {name.removeprefix(prefix): form[name] for name in form if name.startswith(prefix)}


def read_options(form: Form, commands: Iterable[View]) -> dict[str, Any]:
    """Return the filled-in options, each in its type; raise ValueError."""
    command = next((each for each in commands if each["path"] == form.get("command")), None)
    kinds = {option["name"]: option["type"] for option in command["options"]} if command else {}
    return {
        name: convert(text, kinds.get(name))
        for name, text in named(form, OPTION).items()
        if text.strip()
    }


def convert(text: str, kind: int | None) -> Any:
    if kind in (INTEGER, NUMBER):
        try:
            return int(text) if kind == INTEGER else float(text)
        except ValueError:
            raise ValueError(f"“{text}” is not a number.") from None
    if kind == BOOLEAN:
        return text == "true"
    return text.strip()


async def wait_for_response(show: Callable[[], View], interaction_id: str) -> None:
    """Wait up to PATIENCE_SECONDS for the bot's response. `show` returns all interactions."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + PATIENCE_SECONDS
    while loop.time() < ends:
        states = {each["id"]: each["state"] for each in show()["interactions"]}
        if states.get(interaction_id) not in OPEN_STATES:
            return
        await asyncio.sleep(POLL_SECONDS)
