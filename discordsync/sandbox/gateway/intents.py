"""Which events a session receives by its intents: Discord's own table, as pure functions.

event                                   required intent
--------------------------------------  ---------------------------------------------
GUILD_CREATE, GUILD_ROLE_*, CHANNEL_*   GUILDS
GUILD_MEMBER_ADD, _REMOVE, _UPDATE      GUILD_MEMBERS (an update of the bot's own: none)
VOICE_STATE_UPDATE                      GUILD_VOICE_STATES
MESSAGE_* with a guild_id               GUILD_MESSAGES
MESSAGE_* without one                   DIRECT_MESSAGES
GUILD_SCHEDULED_EVENT_*                 GUILD_SCHEDULED_EVENTS
any other                               none: it is always sent
"""

from collections.abc import Mapping
from enum import IntFlag
from typing import Any

Payload = Mapping[str, Any]


class Intent(IntFlag):
    """Discord's intents, by Discord's names."""

    GUILDS = 1 << 0
    GUILD_MEMBERS = 1 << 1
    GUILD_MODERATION = 1 << 2
    GUILD_EXPRESSIONS = 1 << 3
    GUILD_INTEGRATIONS = 1 << 4
    GUILD_WEBHOOKS = 1 << 5
    GUILD_INVITES = 1 << 6
    GUILD_VOICE_STATES = 1 << 7
    GUILD_PRESENCES = 1 << 8
    GUILD_MESSAGES = 1 << 9
    GUILD_MESSAGE_REACTIONS = 1 << 10
    GUILD_MESSAGE_TYPING = 1 << 11
    DIRECT_MESSAGES = 1 << 12
    DIRECT_MESSAGE_REACTIONS = 1 << 13
    DIRECT_MESSAGE_TYPING = 1 << 14
    MESSAGE_CONTENT = 1 << 15
    GUILD_SCHEDULED_EVENTS = 1 << 16
    AUTO_MODERATION_CONFIGURATION = 1 << 20
    AUTO_MODERATION_EXECUTION = 1 << 21
    GUILD_MESSAGE_POLLS = 1 << 24
    DIRECT_MESSAGE_POLLS = 1 << 25


KNOWN = sum(Intent)

# A privileged intent is allowed only if the bot's owner enabled it, which is a setting here.
PRIVILEGED = {
    Intent.GUILD_MEMBERS: "members_intent",
    Intent.GUILD_PRESENCES: "presences_intent",
    Intent.MESSAGE_CONTENT: "message_content_intent",
}

NEEDED = {
    "GUILD_CREATE": Intent.GUILDS,
    "GUILD_DELETE": Intent.GUILDS,
    "GUILD_ROLE_CREATE": Intent.GUILDS,
    "GUILD_ROLE_UPDATE": Intent.GUILDS,
    "GUILD_ROLE_DELETE": Intent.GUILDS,
    "CHANNEL_CREATE": Intent.GUILDS,
    "CHANNEL_UPDATE": Intent.GUILDS,
    "CHANNEL_DELETE": Intent.GUILDS,
    "GUILD_MEMBER_ADD": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_REMOVE": Intent.GUILD_MEMBERS,
    "GUILD_MEMBER_UPDATE": Intent.GUILD_MEMBERS,
    "VOICE_STATE_UPDATE": Intent.GUILD_VOICE_STATES,
    "GUILD_SCHEDULED_EVENT_CREATE": Intent.GUILD_SCHEDULED_EVENTS,
    "GUILD_SCHEDULED_EVENT_UPDATE": Intent.GUILD_SCHEDULED_EVENTS,
    "GUILD_SCHEDULED_EVENT_DELETE": Intent.GUILD_SCHEDULED_EVENTS,
}
MESSAGES = {"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE"}


def is_requested(event: str, data: Payload, *, intents: int, bot_id: str) -> bool:
    """Return whether a session with these intents receives this event."""
    if event in MESSAGES:
        return bool(intents & message_intent(data))
    if event == "GUILD_MEMBER_UPDATE" and data["user"]["id"] == bot_id:
        return True
    return event not in NEEDED or bool(intents & NEEDED[event])


def message_intent(data: Payload) -> Intent:
    return Intent.GUILD_MESSAGES if "guild_id" in data else Intent.DIRECT_MESSAGES


def redact(event: str, data: Payload, *, intents: int, bot_id: str) -> Payload:
    """Return the event without other people's text, unless the session has the content intent."""
    if event not in MESSAGES or "content" not in data or intents & Intent.MESSAGE_CONTENT:
        return data
    if "guild_id" not in data or data["author"]["id"] == bot_id:
        return data
    if any(user["id"] == bot_id for user in data["mentions"]):
        return data
    return {**data, "content": "", "components": []}
