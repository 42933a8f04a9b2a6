"""Discord's permission bits that we use, and who gets which.  Pure.

The bits are from Discord's documentation, "Permissions".  An overwrite may set only bits that the
bot holds in the guild, denials included, so every bit here is one that operations.md asks for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from discordsync.observed import Overwrite

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
PIN_MESSAGES = 1 << 51

# What everybody of a group may do where the group's role opens the door.
MEMBER_TEXT = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY
MEMBER_VOICE = VIEW_CHANNEL | CONNECT | SPEAK
# What a facilitator may do on top, in the group's own channels.
FACILITATOR_TEXT = MEMBER_TEXT | MANAGE_MESSAGES | PIN_MESSAGES
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
# Newer than the first invitations: given where the bot holds them, left out and reported where not.
OPTIONAL = {"Pin Messages": PIN_MESSAGES}
ADMINISTRATOR = 1 << 3
ALL_NEEDED = sum(NEEDED.values())
ALL_OPTIONAL = sum(OPTIONAL.values())

# Never tolerated on an overwrite of ours, whoever added it: what opens a channel, and every Manage
# permission (guild, nicknames, webhooks, expressions, events and threads beside those above).
OURS_ALONE = VIEW_CHANNEL | CONNECT | SEND_MESSAGES | MANAGE_CHANNELS | MANAGE_MESSAGES
OURS_ALONE |= MANAGE_ROLES | 1 << 5 | 1 << 27 | 1 << 29 | 1 << 30 | 1 << 33 | 1 << 34

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
    return _missing(held, {name: bit for name, bit in NEEDED.items() if needed & bit})


def lacking_optional(held: int) -> tuple[str, ...]:
    return _missing(held, OPTIONAL)


def _missing(held: int, wanted: Mapping[str, int]) -> tuple[str, ...]:
    if held & ADMINISTRATOR:
        return ()
    return tuple(name for name, bit in wanted.items() if not held & bit)


def settable(bits: int, held: int) -> int:
    """These bits without the optional ones that a bot with `held` may not set."""
    return bits if held & ADMINISTRATOR else bits & ~(ALL_OPTIONAL & ~held)


# -- overwrites that staff have changed ------------------------------------------------------------


def is_met(held: Overwrite | None, wanted: Overwrite) -> bool:
    """Whether an overwrite of ours does what it should, bits that are tolerated left out."""
    if held is None:
        return False
    allow, deny = added_bits(held, wanted)
    return replace(held, allow=held.allow & ~allow, deny=held.deny & ~deny) == wanted


def added_bits(held: Overwrite, wanted: Overwrite) -> tuple[int, int]:
    """The allowed and denied bits that staff added and that are tolerated."""
    decided = wanted.allow | wanted.deny | OURS_ALONE
    return held.allow & ~decided, held.deny & ~decided


def restore(held: Overwrite | None, wanted: Overwrite, bot: int) -> Overwrite:
    """The wanted overwrite with the tolerated bits, as far as the bot may set them."""
    if held is None:
        return wanted
    allow, deny = added_bits(held, wanted)
    mine = ~0 if bot & ADMINISTRATOR else bot
    return replace(wanted, allow=wanted.allow | allow & mine, deny=wanted.deny | deny & mine)
