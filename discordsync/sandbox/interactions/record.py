"""Stored interactions and their status.

    id, token, type, user_id, channel_id, in_guild, at
    payload      what was sent to the bot, so that it can be sent again unchanged
    message_id   the message whose button was pressed, else None
    form_of      the interaction that showed the form which was filled in, else None
    sent         how often it was sent to the bot
    answer       the type of the first answer, None before; answered_at
    original_id  the message that "@original" means
    hidden       id -> message that only this person sees
    messages     the ids of all messages created by it
    choices      what autocompletion offered;  modal  the form that was shown

Without an answer within 3 seconds the person sees that it failed. The token is valid for 15
minutes. Both are settings and follow the sandbox's clock.
"""

import secrets
from datetime import datetime, timedelta
from typing import Any

from discordsync.sandbox.errors import refuse
from discordsync.sandbox.guild import Guild

COMMAND, COMPONENT, FOCUS, SUBMIT = 2, 3, 4, 5
KINDS = {COMMAND: "command", COMPONENT: "press", FOCUS: "focus", SUBMIT: "submit"}
MESSAGE, DEFERRED, DEFERRED_UPDATE, UPDATE, CHOICES, MODAL = 4, 5, 6, 7, 8, 9
LOADING = 1 << 7
EPHEMERAL = 1 << 6


def begin(
    guild: Guild,
    *,
    kind: int,
    user_id: str,
    channel_id: str,
    message_id: str | None = None,
    form_of: str | None = None,
) -> dict[str, Any]:
    """Store a new interaction; its payload is not built yet."""
    interaction = {
        "id": guild.new_id(),
        "token": secrets.token_urlsafe(48),
        "type": kind,
        "user_id": user_id,
        "channel_id": channel_id,
        "in_guild": channel_id in guild.state["channels"],
        "at": guild.timestamp(),
        "payload": {},
        "message_id": message_id,
        "form_of": form_of,
        "sent": 0,
        "answer": None,
        "answered_at": None,
        "original_id": None,
        "hidden": {},
        "messages": [],
        "choices": None,
        "modal": None,
    }
    guild.state["interactions"][interaction["id"]] = interaction
    return interaction


def deliver(guild: Guild, interaction: dict[str, Any]) -> None:
    """Send it to the listeners; a repeated delivery is identical in every byte."""
    interaction["sent"] += 1
    guild.emit("INTERACTION_CREATE", interaction["payload"])


def find_unanswered(guild: Guild, interaction_id: str, token: str) -> dict[str, Any]:
    """Return an interaction that may be answered now: known, in time, and not answered yet."""
    interaction: dict[str, Any] | None = guild.state["interactions"].get(interaction_id)
    if interaction is None or interaction["token"] != token:
        raise refuse("unknown_interaction")
    if interaction["answer"] is not None:
        raise refuse("already_answered")
    if is_late(guild, interaction):
        raise refuse("unknown_interaction")
    return interaction


def find_by_token(guild: Guild, application_id: str, token: str) -> dict[str, Any]:
    """Return the answered interaction of a token, while that is valid."""
    if application_id != guild.state["application_id"]:
        raise refuse("unknown_webhook")
    for interaction in guild.state["interactions"].values():
        if interaction["token"] == token:
            if is_over(guild, interaction):
                raise refuse("invalid_webhook_token")
            if interaction["answer"] is None:
                raise refuse("unknown_webhook")
            found: dict[str, Any] = interaction
            return found
    raise refuse("unknown_webhook")


def is_late(guild: Guild, interaction: dict[str, Any]) -> bool:
    return age(guild, interaction) > timedelta(seconds=guild.setting("interaction_seconds"))


def is_over(guild: Guild, interaction: dict[str, Any]) -> bool:
    return age(guild, interaction) > timedelta(minutes=guild.setting("interaction_minutes"))


def age(guild: Guild, interaction: dict[str, Any]) -> timedelta:
    return guild.now() - datetime.fromisoformat(interaction["at"])


def state_of(guild: Guild, interaction: dict[str, Any]) -> str:
    """Return what the person sees: waiting, thinking, answered or failed."""
    if interaction["answer"] is None:
        return "failed" if is_late(guild, interaction) else "waiting"
    original = message_of(guild, interaction, interaction["original_id"])
    if interaction["answer"] == DEFERRED and original and original["flags"] & LOADING:
        return "failed" if is_over(guild, interaction) else "thinking"
    return "answered"


def message_of(
    guild: Guild, interaction: dict[str, Any], message_id: str | None
) -> dict[str, Any] | None:
    """Return a message of this interaction, ephemeral or not; None if it is gone."""
    if message_id is None:
        return None
    hidden: dict[str, Any] | None = find_hidden(guild, message_id)
    if hidden is not None:
        return hidden
    held: dict[str, dict[str, Any]] = guild.state["messages"].get(interaction["channel_id"], {})
    return held.get(message_id)


def find_hidden(guild: Guild, message_id: str) -> dict[str, Any] | None:
    """Return an ephemeral message of any interaction."""
    for interaction in guild.state["interactions"].values():
        if message_id in interaction["hidden"]:
            found: dict[str, Any] = interaction["hidden"][message_id]
            return found
    return None
