"""Discord's permission bits that we use, and who gets which.  Pure.

The bits are from Discord's documentation, "Permissions".  An overwrite may set only bits that the
bot has in the guild, denials included, so docs/operations.md asks for every bit that is used here.
"""

from collections.abc import Mapping
from dataclasses import replace

from discordsync.state.observed import Overwrite

CREATE_INVITE = 1 << 0
ADD_REACTIONS = 1 << 6
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
CREATE_PUBLIC_THREADS = 1 << 35
CREATE_PRIVATE_THREADS = 1 << 36
SEND_IN_THREADS = 1 << 38
CREATE_EVENTS = 1 << 44
PIN_MESSAGES = 1 << 51

# What members of a group may do in channels that the group's role opens.
MEMBER_TEXT = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY
MEMBER_VOICE = VIEW_CHANNEL | CONNECT | SPEAK
# What a facilitator may do in addition, in the group's own channels.
FACILITATOR_TEXT = MEMBER_TEXT | MANAGE_MESSAGES | PIN_MESSAGES
FACILITATOR_VOICE = MEMBER_VOICE | MUTE_MEMBERS | MOVE_MEMBERS
# What members of an ended group may still do there, and what is denied to them although another
# permission of theirs may give it.
READER = VIEW_CHANNEL | READ_MESSAGE_HISTORY
THREADS_AND_REACTIONS = (
    CREATE_PUBLIC_THREADS | CREATE_PRIVATE_THREADS | SEND_IN_THREADS | ADD_REACTIONS
)
READER_DENIED = SEND_MESSAGES | CONNECT | THREADS_AND_REACTIONS
# The bot's own overwrite: without it, denying VIEW_CHANNEL to @everyone would lock the bot out.
BOT_TEXT = VIEW_CHANNEL | SEND_MESSAGES | READ_MESSAGE_HISTORY | MANAGE_CHANNELS
BOT_VOICE = VIEW_CHANNEL | CONNECT | MANAGE_CHANNELS
BOT_CATEGORY = VIEW_CHANNEL | MANAGE_CHANNELS

# All permissions that the bot needs in the guild, by the names that Discord uses.
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
# Added after the first invitations: used if the bot has them, otherwise left out and reported.
OPTIONAL = {
    "Pin Messages": PIN_MESSAGES,
    "Add Reactions": ADD_REACTIONS,
    "Create Public Threads": CREATE_PUBLIC_THREADS,
    "Create Private Threads": CREATE_PRIVATE_THREADS,
    "Send Messages in Threads": SEND_IN_THREADS,
}
ADMINISTRATOR = 1 << 3
ALL_NEEDED = sum(NEEDED.values())
ALL_OPTIONAL = sum(OPTIONAL.values())

# Never tolerated on our overwrites: bits that open a channel, and every Manage permission (guild,
# nicknames, webhooks, expressions, events and threads besides those above).
OURS_ALONE = VIEW_CHANNEL | CONNECT | SEND_MESSAGES | MANAGE_CHANNELS | MANAGE_MESSAGES
OURS_ALONE |= MANAGE_ROLES | 1 << 5 | 1 << 27 | 1 << 29 | 1 << 30 | 1 << 33 | 1 << 34

# What the calls of each lane need.  New channels need all: their overwrites contain every bit.
_NEEDED_FOR = {
    "roles": MANAGE_ROLES,
    "access": MANAGE_ROLES,
    "names": VIEW_CHANNEL | MANAGE_CHANNELS,
    "events": VIEW_CHANNEL | CONNECT | CREATE_EVENTS,
    "messages": 0,  # the channel's own overwrite grants it
    "directs": 0,  # not in a server
}


def needed_for(lane: str) -> int:
    return _NEEDED_FOR.get(lane, ALL_NEEDED)


def lacking(held: int, needed: int = ALL_NEEDED) -> tuple[str, ...]:
    """Return the names of needed permissions that are not among those held."""
    return _missing(held, {name: bit for name, bit in NEEDED.items() if needed & bit})


def lacking_optional(held: int) -> tuple[str, ...]:
    return _missing(held, OPTIONAL)


def may_add_members(held: int) -> bool:
    """Return whether the bot may add people who agree to it to the server."""
    return bool(held & (CREATE_INVITE | ADMINISTRATOR))


def lacking_for_archives(held: int) -> tuple[str, ...]:
    """Return the names of permissions without which an archive may not be closed for writing."""
    return _missing(held, {n: bit for n, bit in OPTIONAL.items() if bit & THREADS_AND_REACTIONS})


def _missing(held: int, wanted: Mapping[str, int]) -> tuple[str, ...]:
    if held & ADMINISTRATOR:
        return ()
    return tuple(name for name, bit in wanted.items() if not held & bit)


def settable(bits: int, held: int) -> int:
    """Return these bits without the optional ones that a bot with `held` may not set."""
    return bits if held & ADMINISTRATOR else bits & ~(ALL_OPTIONAL & ~held)


# -- overwrites that staff have changed ------------------------------------------------------------


def is_met(held: Overwrite | None, wanted: Overwrite) -> bool:
    """Return whether an overwrite of ours is as desired, ignoring bits that are tolerated."""
    if held is None:
        return False
    allow, deny = added_bits(held, wanted)
    return replace(held, allow=held.allow & ~allow, deny=held.deny & ~deny) == wanted


def added_bits(held: Overwrite, wanted: Overwrite) -> tuple[int, int]:
    """Return the allowed and denied bits that staff added and that are tolerated."""
    decided = wanted.allow | wanted.deny | OURS_ALONE
    if held.deny & SEND_MESSAGES:  # an archive that is reopened: these bits are ours
        decided |= READER | READER_DENIED
    if wanted.deny & SEND_MESSAGES:  # an archive: nothing is to be added to it
        return 0, held.deny & ~decided
    return held.allow & ~decided, held.deny & ~decided


def restore(held: Overwrite | None, wanted: Overwrite, bot: int) -> Overwrite:
    """Return the desired overwrite plus the tolerated bits that the bot may set."""
    if held is None:
        return wanted
    allow, deny = added_bits(held, wanted)
    mine = ~0 if bot & ADMINISTRATOR else bot
    return replace(wanted, allow=wanted.allow | allow & mine, deny=wanted.deny | deny & mine)


# -- names, as Discord's own settings show them ----------------------------------------------------

NAMES: dict[int, str] = {
    0: "Create Invite",
    3: "Administrator",
    4: "Manage Channels",
    6: "Add Reactions",
    8: "Priority Speaker",
    9: "Video",
    10: "View Channel",
    11: "Send Messages",
    12: "Send Text-to-Speech Messages",
    13: "Manage Messages",
    14: "Embed Links",
    15: "Attach Files",
    16: "Read Message History",
    17: "Mention @everyone",
    18: "Use External Emoji",
    20: "Connect",
    21: "Speak",
    22: "Mute Members",
    23: "Deafen Members",
    24: "Move Members",
    25: "Use Voice Activity",
    28: "Manage Permissions",
    29: "Manage Webhooks",
    31: "Use Application Commands",
    32: "Request to Speak",
    33: "Manage Events",
    34: "Manage Threads",
    35: "Create Public Threads",
    36: "Create Private Threads",
    37: "Use External Stickers",
    38: "Send Messages in Threads",
    39: "Use Activities",
    42: "Use Soundboard",
    44: "Create Events",
    45: "Use External Sounds",
    46: "Send Voice Messages",
    48: "Set Voice Channel Status",
    49: "Create Polls",
    50: "Use External Apps",
    51: "Pin Messages",
    52: "Bypass Slowmode",
}


def name_permissions(bits: int) -> str:
    """Return the names of all these bits, for people: any of them may be the one that matters."""
    found = (NAMES.get(n, f"permission {n}") for n in range(bits.bit_length()) if bits >> n & 1)
    return ", ".join(found)
