"""Discord's permission bits and how they are combined, as pure functions of the state.

A member's bits in a channel are computed in this order:

    owner of the guild                      everything
    @everyone's role, then all own roles    added together; ADMINISTRATOR means everything
    the channel's overwrite of @everyone    denies, then allows
    the overwrites of all own roles         deny together, then allow together
    the member's own overwrite              denies, then allows
    no VIEW_CHANNEL                         nothing at all in this channel
    no CONNECT in a voice channel           no managing, no voice, no events
    no SEND_MESSAGES                        no mention of everyone, files, embeds, speech

A category gives its channels no bits: they have copies of its overwrites (see overwrites.py).
"""

from collections.abc import Mapping
from enum import IntFlag
from typing import Any

State = Mapping[str, Any]


class Bit(IntFlag):
    """Discord's permissions, by Discord's names."""

    CREATE_INSTANT_INVITE = 1 << 0
    KICK_MEMBERS = 1 << 1
    BAN_MEMBERS = 1 << 2
    ADMINISTRATOR = 1 << 3
    MANAGE_CHANNELS = 1 << 4
    MANAGE_GUILD = 1 << 5
    ADD_REACTIONS = 1 << 6
    VIEW_AUDIT_LOG = 1 << 7
    PRIORITY_SPEAKER = 1 << 8
    STREAM = 1 << 9
    VIEW_CHANNEL = 1 << 10
    SEND_MESSAGES = 1 << 11
    SEND_TTS_MESSAGES = 1 << 12
    MANAGE_MESSAGES = 1 << 13
    EMBED_LINKS = 1 << 14
    ATTACH_FILES = 1 << 15
    READ_MESSAGE_HISTORY = 1 << 16
    MENTION_EVERYONE = 1 << 17
    USE_EXTERNAL_EMOJIS = 1 << 18
    VIEW_GUILD_INSIGHTS = 1 << 19
    CONNECT = 1 << 20
    SPEAK = 1 << 21
    MUTE_MEMBERS = 1 << 22
    DEAFEN_MEMBERS = 1 << 23
    MOVE_MEMBERS = 1 << 24
    USE_VAD = 1 << 25
    CHANGE_NICKNAME = 1 << 26
    MANAGE_NICKNAMES = 1 << 27
    MANAGE_ROLES = 1 << 28
    MANAGE_WEBHOOKS = 1 << 29
    MANAGE_GUILD_EXPRESSIONS = 1 << 30
    USE_APPLICATION_COMMANDS = 1 << 31
    REQUEST_TO_SPEAK = 1 << 32
    MANAGE_EVENTS = 1 << 33
    MANAGE_THREADS = 1 << 34
    CREATE_PUBLIC_THREADS = 1 << 35
    CREATE_PRIVATE_THREADS = 1 << 36
    USE_EXTERNAL_STICKERS = 1 << 37
    SEND_MESSAGES_IN_THREADS = 1 << 38
    USE_EMBEDDED_ACTIVITIES = 1 << 39
    MODERATE_MEMBERS = 1 << 40
    VIEW_CREATOR_MONETIZATION_ANALYTICS = 1 << 41
    USE_SOUNDBOARD = 1 << 42
    CREATE_GUILD_EXPRESSIONS = 1 << 43
    CREATE_EVENTS = 1 << 44
    USE_EXTERNAL_SOUNDS = 1 << 45
    SEND_VOICE_MESSAGES = 1 << 46
    SET_VOICE_CHANNEL_STATUS = 1 << 48
    SEND_POLLS = 1 << 49
    USE_EXTERNAL_APPS = 1 << 50
    PIN_MESSAGES = 1 << 51
    BYPASS_SLOWMODE = 1 << 52


ALL = int(~Bit(0))
NAMED = [(str(bit.name), int(bit)) for bit in Bit]

# What a new guild allows everyone, reduced to what concerns channels, voice and messages.
EVERYONE = int(
    Bit.VIEW_CHANNEL
    | Bit.SEND_MESSAGES
    | Bit.READ_MESSAGE_HISTORY
    | Bit.ADD_REACTIONS
    | Bit.EMBED_LINKS
    | Bit.ATTACH_FILES
    | Bit.CONNECT
    | Bit.SPEAK
    | Bit.STREAM
    | Bit.USE_VAD
    | Bit.CHANGE_NICKNAME
    | Bit.CREATE_INSTANT_INVITE
    | Bit.USE_APPLICATION_COMMANDS
    | Bit.SEND_MESSAGES_IN_THREADS
    | Bit.CREATE_PUBLIC_THREADS
)

# What the invitation asks for, with the reason for each bit; realizing needs all but the last five:
LEAST_PRIVILEGED = int(
    Bit.VIEW_CHANNEL  # to see, to hide and to show channels
    | Bit.MANAGE_CHANNELS  # to create, rename and delete channels
    | Bit.MANAGE_ROLES  # to create roles, grant them and edit overwrites
    | Bit.SEND_MESSAGES  # welcome and announcements; overwrites contain it
    | Bit.READ_MESSAGE_HISTORY  # to find sent messages; overwrites contain it
    | Bit.CONNECT  # required to manage voice channels and to create events in them
    | Bit.SPEAK  # overwrites contain it, also if @everyone lacks it
    | Bit.MANAGE_MESSAGES  # for facilitators: a bot can grant only what it has
    | Bit.MUTE_MEMBERS  # for facilitators
    | Bit.MOVE_MEMBERS  # for facilitators
    | Bit.CREATE_EVENTS  # to create events, and to edit and delete its own
    | Bit.PIN_MESSAGES  # for facilitators, if the bot has it
    | Bit.ADD_REACTIONS  # to deny it in archives, as the three below
    | Bit.CREATE_PUBLIC_THREADS
    | Bit.CREATE_PRIVATE_THREADS
    | Bit.SEND_MESSAGES_IN_THREADS
)

# Bits that a guild with required two-factor sign-in grants only to bots whose owner uses it.
ELEVATED = (
    Bit.KICK_MEMBERS
    | Bit.BAN_MEMBERS
    | Bit.ADMINISTRATOR
    | Bit.MANAGE_CHANNELS
    | Bit.MANAGE_GUILD
    | Bit.MANAGE_MESSAGES
    | Bit.MANAGE_ROLES
    | Bit.MANAGE_WEBHOOKS
    | Bit.MANAGE_GUILD_EXPRESSIONS
    | Bit.MANAGE_THREADS
    | Bit.VIEW_CREATOR_MONETIZATION_ANALYTICS
)

NEEDS_SENDING = int(
    Bit.MENTION_EVERYONE | Bit.SEND_TTS_MESSAGES | Bit.ATTACH_FILES | Bit.EMBED_LINKS
)
NEEDS_CONNECT = int(
    Bit.MANAGE_CHANNELS
    | Bit.MANAGE_ROLES
    | Bit.MANAGE_EVENTS
    | Bit.CREATE_EVENTS
    | Bit.PRIORITY_SPEAKER
    | Bit.STREAM
    | Bit.SPEAK
    | Bit.MUTE_MEMBERS
    | Bit.DEAFEN_MEMBERS
    | Bit.MOVE_MEMBERS
    | Bit.USE_VAD
    | Bit.USE_EMBEDDED_ACTIVITIES
    | Bit.USE_SOUNDBOARD
    | Bit.USE_EXTERNAL_SOUNDS
    | Bit.SET_VOICE_CHANNEL_STATUS
)

VOICE = 2
CATEGORY = 4


def effective(guild_state: State, member_id: str, channel_id: str) -> int:
    """Return the bits that a member has in a channel, without implied denials.

    Raises KeyError if there is no such channel.  People who are not members have none.
    """
    channel = guild_state["channels"][channel_id]
    bits = in_guild(guild_state, member_id)
    if bits == ALL:
        return ALL
    return without_implied(overwritten(guild_state, member_id, channel, bits), channel["type"])


def in_guild(guild_state: State, member_id: str) -> int:
    """Return the bits that a member's roles give in the whole guild."""
    if member_id == guild_state["guild"]["owner_id"]:
        return ALL
    if member_id not in guild_state["members"]:
        return 0
    bits = 0
    for role_id in own_roles(guild_state, member_id):
        bits |= guild_state["roles"][role_id]["permissions"]
    return ALL if bits & Bit.ADMINISTRATOR else bits


def own_roles(guild_state: State, member_id: str) -> list[str]:
    """Return a member's roles, @everyone first, whose id is the guild's."""
    return [guild_state["guild"]["id"], *guild_state["members"][member_id]["roles"]]


def overwritten(guild_state: State, member_id: str, channel: Mapping[str, Any], bits: int) -> int:
    """Return `bits` after the channel's overwrites: @everyone, all roles together, the member."""
    if member_id not in guild_state["members"]:
        return 0
    overwrites = channel["overwrites"]
    everyone, *roles = own_roles(guild_state, member_id)
    for layer in ([everyone], roles, [member_id]):
        mine = [overwrites[target] for target in layer if target in overwrites]
        for overwrite in mine:
            bits &= ~overwrite["deny"]
        for overwrite in mine:
            bits |= overwrite["allow"]
    return bits


def without_implied(bits: int, channel_type: int) -> int:
    """Return `bits` without those that require VIEW_CHANNEL, CONNECT or SEND_MESSAGES."""
    if not bits & Bit.VIEW_CHANNEL:
        return 0
    if channel_type == VOICE and not bits & Bit.CONNECT:
        bits &= ~NEEDS_CONNECT
    if not bits & Bit.SEND_MESSAGES:
        bits &= ~NEEDS_SENDING
    return bits


def sees(guild_state: State, member_id: str, channel_id: str) -> bool:
    """Return whether the member sees a channel; a category if one of its channels is visible."""
    if effective(guild_state, member_id, channel_id) & Bit.VIEW_CHANNEL:
        return True
    if guild_state["channels"][channel_id]["type"] != CATEGORY:
        return False
    return any(
        effective(guild_state, member_id, child_id) & Bit.VIEW_CHANNEL
        for child_id, child in guild_state["channels"].items()
        if child["parent_id"] == channel_id
    )


def who_may_what(guild_state: State) -> dict[str, dict[str, list[str]]]:
    """Return the names of the bits held, as {member id: {channel id: names}}."""
    return {
        member_id: {
            channel_id: names(effective(guild_state, member_id, channel_id))
            for channel_id in guild_state["channels"]
        }
        for member_id in guild_state["members"]
    }


def names(bits: int) -> list[str]:
    """Return the bits' names, lowest first; unknown bits are left out."""
    return [name for name, bit in NAMED if bit & bits]


def top_rank(guild_state: State, member_id: str) -> tuple[int, int]:
    """Return the rank of the member's highest role: only roles below it can be managed."""
    return max(rank(guild_state["roles"][role]) for role in own_roles(guild_state, member_id))


def rank(role: Mapping[str, Any]) -> tuple[int, int]:
    """Return a sort key: of two roles at one position the older one is higher."""
    return int(role["position"]), -int(role["id"])
