"""Page tokens and sync tokens: they contain their state, so nothing is stored per token."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from typing import Any

from calendarsync.sandbox.errors import full_sync_required, invalid
from calendarsync.sandbox.requests.query import Query
from calendarsync.sandbox.state import State

# Parameters that cannot be combined with a sync token, by the documentation of events.list.
NOT_WITH_SYNC = (
    "iCalUID", "orderBy", "privateExtendedProperty", "q", "sharedExtendedProperty", "timeMax",
    "timeMin", "updatedMin",
)  # fmt: skip
# A first listing with these returns no sync token. A time range is stored in the token.
NOT_SYNCABLE = tuple(name for name in NOT_WITH_SYNC if name not in ("timeMin", "timeMax"))
FREE = {"alt", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "userIp", "pageToken"}


def _pack(token: dict[str, Any]) -> str:
    return urlsafe_b64encode(json.dumps(token, sort_keys=True).encode()).decode()


def _unpack(text: str) -> dict[str, Any]:
    try:
        token = json.loads(urlsafe_b64decode(text.encode()))
    except ValueError:
        return {}
    return token if isinstance(token, dict) else {}


def _shape(query: Query) -> dict[str, Any]:
    """Return the parameters that must be the same in every call."""
    return {key: value for key, value in query.items() if key not in FREE and value is not False}


def next_page_token(query: Query, *, after: list[Any], since: int) -> str:
    return _pack({"after": after, "since": since, "shape": _shape(query)})


def read_page_token(query: Query) -> dict[str, Any] | None:
    """Return `{"after": sort key, "since": revision at the first page}`; raise GoogleError."""
    if "pageToken" not in query:
        return None
    token = _unpack(query["pageToken"])
    if "after" not in token or token["shape"] != _shape(query):
        raise invalid("Invalid page token value.", location="pageToken")
    return token


def next_sync_token(state: State, query: Query, synced: dict[str, Any], rev: int) -> str | None:
    """Return a token for changes after revision `rev`, or None if Google would return none."""
    if any(name in query for name in NOT_SYNCABLE):
        return None
    shape = {key: value for key, value in _shape(query).items() if key != "syncToken"}
    issued = state.now().isoformat()
    return _pack({"epoch": state.epoch, "rev": rev, "at": issued, "shape": {**synced, **shape}})


def read_sync_token(state: State, query: Query) -> dict[str, Any] | None:
    """Return `{"rev", "shape"}` of a valid token; raise GoogleError."""
    if "syncToken" not in query:
        return None
    for name in NOT_WITH_SYNC:
        if name in query:
            raise invalid(f"Sync token cannot be used together with {name}.", location="syncToken")
    if query.get("showDeleted") is False:
        raise invalid("Sync token cannot be used with showDeleted=false.", location="syncToken")
    token = _unpack(query["syncToken"])
    if token.get("epoch") != state.epoch or _is_old(state, token["at"]):
        raise full_sync_required()
    _check_unchanged(token["shape"], query)
    return token


def _is_old(state: State, issued: str) -> bool:
    age = state.now() - datetime.fromisoformat(issued)
    return age > timedelta(days=state.settings["token_days"])


def _check_unchanged(first: dict[str, Any], query: Query) -> None:
    was = {key: value for key, value in first.items() if key not in ("timeMin", "timeMax")}
    now = {key: value for key, value in _shape(query).items() if key != "syncToken"}
    if was != now:
        raise invalid("Sync token does not match the other parameters.", location="syncToken")


def synced_range(token: dict[str, Any] | None) -> dict[str, Any]:
    """Return the time range that a sync token carries over from its first listing."""
    shape = token["shape"] if token else {}
    return {key: value for key, value in shape.items() if key in ("timeMin", "timeMax")}
