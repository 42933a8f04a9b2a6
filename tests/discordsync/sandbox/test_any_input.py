"""Any bad input of a client is refused by the sandbox in Discord's form: it never fails itself."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discordsync.sandbox.errors import Refusal
from discordsync.sandbox.fields import FieldError
from discordsync.sandbox.gateway import parsing
from discordsync.sandbox.gateway.close_codes import ClosingError
from discordsync.sandbox.gateway.intents import KNOWN, Intent, is_requested, redact
from discordsync.sandbox.interactions import commands, modals, responses
from discordsync.sandbox.messages.components import read_components

Complaint = TypeVar("Complaint", bound=Exception)
NAMES = [
    *("op", "d", "token", "properties", "intents", "shard", "presence", "seq", "session_id"),
    *("guild_id", "query", "limit", "user_ids", "nonce", "channel_id", "self_mute", "self_deaf"),
    *("type", "components", "custom_id", "style", "label", "url", "emoji", "options", "value"),
    *("name", "description", "choices", "required", "autocomplete", "min_value", "max_value"),
    *("min_length", "max_length", "title", "component", "content", "flags", "status"),
]
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-2, 20)
    | st.floats()
    | st.sampled_from(["", "x", "yes", "1", "\ud800", "x" * 101, "https://example.org"])
)
JSON = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=8)
    ),
    max_leaves=25,
)


few = settings(max_examples=60)


def complaint_of(read: Callable[[], Any], kind: type[Complaint]) -> Complaint | None:
    """What it complains of, None when all is well; anything else is a flaw."""
    try:
        read()
    except kind as complaint:
        return complaint
    return None


@pytest.mark.parametrize(
    "read",
    [
        parsing.read_identify,
        parsing.read_resume,
        parsing.read_heartbeat,
        parsing.read_members_request,
        parsing.read_voice_state_update,
        parsing.read_presence,
    ],
)
@few
@given(data=JSON)
def test_what_is_said_on_the_gateway_is_read_or_closed(
    read: Callable[[Any], Any], data: Any
) -> None:
    closing = complaint_of(lambda: read(data), ClosingError)
    assert closing is None or 4000 <= closing.code <= 4014


@few
@given(payload=JSON)
def test_a_payload_is_read_or_closed(payload: Any) -> None:
    closing = complaint_of(lambda: parsing.read_payload(json.dumps(payload)), ClosingError)
    assert closing is None or closing.code in (4001, 4002)


@few
@given(data=JSON)
def test_components_are_read_or_refused(data: Any) -> None:
    try:
        rows = read_components(data)
    except (FieldError, Refusal):
        return
    assert len(rows) <= 5
    assert all(1 <= len(row["components"]) <= 5 for row in rows)


@pytest.mark.parametrize("read", [commands.read, responses.read, modals.read_modal])
@few
@given(data=st.dictionaries(st.sampled_from(NAMES), JSON, max_size=8))
def test_a_body_is_read_or_refused(read: Callable[[Any], Any], data: Any) -> None:
    refusal = complaint_of(lambda: read(data), Refusal)
    assert refusal is None or refusal.status in (400, 501)
    json.dumps(refusal and refusal.body())


EVENTS = ["READY", "INTERACTION_CREATE", "GUILD_ROLE_CREATE", "VOICE_STATE_UPDATE"]


@given(intents=st.integers(0, KNOWN), more=st.integers(0, KNOWN), event=st.sampled_from(EVENTS))
def test_more_intents_never_send_less(intents: int, more: int, event: str) -> None:
    told = is_requested(event, {}, intents=intents, bot_id="1")
    assert is_requested(event, {}, intents=intents | more, bot_id="1") >= told


@given(intents=st.integers(0, KNOWN), author=st.sampled_from(["1", "2"]))
def test_what_others_wrote_needs_its_intent(intents: int, author: str) -> None:
    message = {"guild_id": "9", "author": {"id": author}, "content": "hello", "mentions": []}
    seen = redact("MESSAGE_CREATE", message, intents=intents, bot_id="1")
    readable = author == "1" or bool(intents & Intent.MESSAGE_CONTENT)
    assert bool(seen["content"]) == readable
