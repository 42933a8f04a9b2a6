"""The names of Discord's permissions, by their bit, as Discord's own settings show them.  Pure."""

from __future__ import annotations

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
