"""Controls at POST /_sandbox/google/<name>: what a person or time changes outside the API.

Each takes the request's JSON body and returns plain data. It raises ValueError with a sentence for
the caller.
"""

import secrets
from collections.abc import Callable
from typing import Any

from calendarsync.sandbox.errors import GoogleError
from calendarsync.sandbox.events import events
from calendarsync.sandbox.events.events import Writer
from calendarsync.sandbox.events.render import render
from calendarsync.sandbox.events.responses import respond
from calendarsync.sandbox.events.split import split
from calendarsync.sandbox.settings import SETTINGS
from calendarsync.sandbox.state import State

Control = Callable[[Any], Any]
SENDS = ("all", "externalOnly", "none")


def controls(state: State) -> dict[str, Control]:
    """Return the controls by name, each bound to this state."""
    by_name: dict[str, Callable[[State, dict[str, Any]], Any]] = {
        "settings": change_settings,
        "respond": respond_control,
        "delete_event": delete_event,
        "edit_event": edit_event,
        "split": split_event,
        "expire_tokens": expire_tokens,
        "mails": reset_mails,
    }
    return {name: _guarded(state, control) for name, control in by_name.items()}


def _guarded(state: State, control: Callable[[State, dict[str, Any]], Any]) -> Control:
    def run(body: Any) -> Any:
        if body is not None and not isinstance(body, dict):
            raise ValueError("Send a JSON object.")
        try:
            return control(state, body or {})
        except GoogleError as error:
            raise ValueError(error.message) from error

    return run


def change_settings(state: State, changes: dict[str, Any]) -> dict[str, Any]:
    """Change settings and return all of them.

    Raises ValueError before any change if one is invalid.
    """
    for name, value in changes.items():
        if name not in SETTINGS:
            raise ValueError(f"There is no setting `{name}`. Settings: {', '.join(SETTINGS)}.")
        if not SETTINGS[name][1](value):
            raise ValueError(f"{value!r} is not a valid value of the setting `{name}`.")
    state.settings.update(changes)
    if "quota" in changes:
        # The quota is the number of invitations left from now on.
        state.invited = 0
    return dict(state.settings)


def respond_control(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """Answer a series or one occurrence: `{event, attendee, answer, original_start?, comment?}`."""
    event = respond(
        state,
        _text(body, "event"),
        _text(body, "attendee").lower(),
        _text(body, "answer"),
        original_start=body.get("original_start"),
        comment=body.get("comment"),
    )
    return render(state, event)


def delete_event(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """Delete an event or one occurrence as its owner: `{event, send_updates?}`."""
    return render(state, events.delete(state, _text(body, "event"), _by_hand(body)))


def edit_event(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """Edit an event as its owner: `{event, changes: {…as in a patch…}, send_updates?}`."""
    changes = body.get("changes")
    if not isinstance(changes, dict):
        raise ValueError("`changes` must be an object with the fields to change, as in a patch.")
    return render(state, events.patch(state, _text(body, "event"), changes, _by_hand(body)))


def split_event(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """Change "this and all following" as the owner: `{event, at, to?}`.

    `at` is the start of an occurrence. With `to` it and the following ones are also moved, to begin
    at that time.
    """
    to = _text(body, "to") if "to" in body else None
    return render(state, split(state, _text(body, "event"), _text(body, "at"), to))


def expire_tokens(state: State, _body: dict[str, Any]) -> dict[str, Any]:
    """Answer every sync token returned so far with 410 from now on."""
    state.epoch = secrets.token_hex(8)
    return {}


def reset_mails(state: State, _body: dict[str, Any]) -> dict[str, Any]:
    """Delete the recorded e-mails and return their number."""
    count = len(state.mails)
    state.mails.clear()
    return {"forgotten": count}


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"`{name}` must be text.")
    return value


def _by_hand(body: dict[str, Any]) -> Writer:
    send = body.get("send_updates", "none")
    if send not in SENDS:
        raise ValueError(f"`send_updates` must be one of {', '.join(SENDS)}.")
    return Writer(send=send, by_hand=True)
