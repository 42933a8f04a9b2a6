"""Which commands Discord offers to a person.

place      commands                                requirements
---------  --------------------------------------  ----------------------------------------
a channel  the guild's and the global ones         the person sees it, may use commands there,
                                                   and has default_member_permissions
                                                   ("0": administrators only)
direct     the global ones that allow it           it is the person's own channel
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import permissions
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions.payloads import IN_DM, IN_GUILD
from discordsync.sandbox.permissions import Bit

USING = Bit.VIEW_CHANNEL | Bit.USE_APPLICATION_COMMANDS


def available_commands(guild: Guild, user_id: str, channel_id: str) -> list[dict[str, Any]]:
    """Return the commands that a person can choose in a channel, the guild's own first."""
    commands = sorted(guild.state["commands"].values(), key=lambda c: c["guild_id"] is None)
    if channel_id in guild.state["dms"]:
        mine = guild.state["dms"][channel_id]["recipient_id"] == user_id
        return [command for command in commands if mine and is_for_dms(command)]
    if user_id not in guild.state["members"]:
        return []
    bits = permissions.effective(guild.state, user_id, channel_id)
    if USING & ~bits:
        return []
    return [command for command in commands if is_for_guilds(command) and allows(command, bits)]


def is_for_dms(command: Mapping[str, Any]) -> bool:
    if command["guild_id"] is not None:
        return False
    if command["contexts"] is not None:
        return IN_DM in command["contexts"]
    return command["dm_permission"] is not False


def is_for_guilds(command: Mapping[str, Any]) -> bool:
    return command["contexts"] is None or IN_GUILD in command["contexts"]


def allows(command: Mapping[str, Any], bits: int) -> bool:
    needed = command["default_member_permissions"]
    if needed is None:
        return True
    if int(needed) == 0:
        return bool(bits & Bit.ADMINISTRATOR)
    return not int(needed) & ~bits
