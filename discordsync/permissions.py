"""Discord's permission bits that we use, and who gets which.  Pure.

The bits are from Discord's documentation, "Permissions".  An overwrite may set only bits that the
bot holds in the guild, denials included, so every bit here is one that operations.md asks for.
"""

from __future__ import annotations

VIEW_CHANNEL = 1 << 10
SEND_MESSAGES = 1 << 11
MANAGE_MESSAGES = 1 << 13
READ_MESSAGE_HISTORY = 1 << 16
CONNECT = 1 << 20
SPEAK = 1 << 21
MUTE_MEMBERS = 1 << 22
MOVE_MEMBERS = 1 << 24
MANAGE_CHANNELS = 1 << 4
MANAGE_ROLES = 1 << 28
CREATE_EVENTS = 1 << 44

# What everybody of a group may do where the group's role opens the door.
MEMBER_TEXT = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY
MEMBER_VOICE = VIEW_CHANNEL | CONNECT | SPEAK
# What a facilitator may do on top, in the group's own channels.
FACILITATOR_TEXT = MEMBER_TEXT | MANAGE_MESSAGES
FACILITATOR_VOICE = MEMBER_VOICE | MUTE_MEMBERS | MOVE_MEMBERS
# The bot's own overwrite: @everyone is denied VIEW_CHANNEL, which would lock it out.
BOT_TEXT = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY | MANAGE_CHANNELS
BOT_VOICE = VIEW_CHANNEL | CONNECT | MANAGE_CHANNELS
BOT_CATEGORY = VIEW_CHANNEL | MANAGE_CHANNELS

# All that the bot must hold in the guild, by the name that Discord's own pages use.
NEEDED = {
    "View Channels": VIEW_CHANNEL,
    "Manage Channels": MANAGE_CHANNELS,
    "Manage Roles": MANAGE_ROLES,
    "Create Events": CREATE_EVENTS,
    "Send Messages": SEND_MESSAGES,
    "Manage Messages": MANAGE_MESSAGES,
    "Read Message History": READ_MESSAGE_HISTORY,
    "Connect": CONNECT,
    "Speak": SPEAK,
    "Mute Members": MUTE_MEMBERS,
    "Move Members": MOVE_MEMBERS,
}
ADMINISTRATOR = 1 << 3
ALL_NEEDED = sum(NEEDED.values())

# What each lane's calls need.  New channels need all: their overwrites name every bit.
_NEEDED_FOR = {
    "roles": MANAGE_ROLES,
    "access": MANAGE_ROLES,
    "names": VIEW_CHANNEL | MANAGE_CHANNELS,
    "events": VIEW_CHANNEL | CONNECT | CREATE_EVENTS,
    "messages": 0,  # the channel's own overwrite gives it
    "directs": 0,  # they are in no server
}


def needed_for(lane: str) -> int:
    return _NEEDED_FOR.get(lane, ALL_NEEDED)


def lacking(held: int, needed: int = ALL_NEEDED) -> tuple[str, ...]:
    """Names of needed permissions that are not among those held."""
    if held & ADMINISTRATOR:
        return ()
    return tuple(name for name, bit in NEEDED.items() if needed & bit and not held & bit)
