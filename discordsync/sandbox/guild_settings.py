"""The settings of guild, bot and gateway that the control API can change."""

from typing import Any

from discordsync.sandbox import fields, permissions
from discordsync.sandbox.guild import SETTINGS, Guild
from discordsync.sandbox.members import roles


def change_settings(guild: Guild, data: Any) -> dict[str, Any]:
    """Change settings and return all of them.

    In addition to `guild.SETTINGS`: `bot_permissions` and `everyone_permissions` (bits as a
    number), `bot_role_position` (1 is the lowest).
    """
    given = fields.record(data)
    checks = {name: check for name, (_, check) in SETTINGS.items()} | role_checks(guild)
    unknown = sorted(given.keys() - checks.keys())
    if unknown:
        known = ", ".join(sorted(checks))
        raise ValueError(f"There is no setting {', '.join(unknown)}. Settings: {known}.")
    checked = fields.shape(checks)(given)
    bot_role_id = guild.state["bot_role_id"]
    for name, role_id in (
        ("bot_permissions", bot_role_id),
        ("everyone_permissions", guild.guild_id),
    ):
        if name in checked:
            guild.state["roles"][role_id]["permissions"] = checked.pop(name)
            roles.emit(guild, "GUILD_ROLE_UPDATE", guild.state["roles"][role_id])
    if "bot_role_position" in checked:
        roles.place(guild, bot_role_id, checked.pop("bot_role_position"))
    guild.state["settings"].update(checked)
    return show_settings(guild)


def role_checks(guild: Guild) -> dict[str, fields.Check]:
    bits = fields.whole(0, permissions.ALL)
    highest = len(guild.state["roles"]) - 1
    return {
        "bot_permissions": bits,
        "everyone_permissions": bits,
        "bot_role_position": fields.whole(1, highest),
    }


def show_settings(guild: Guild) -> dict[str, Any]:
    bot_role = guild.state["roles"][guild.state["bot_role_id"]]
    return {
        **guild.state["settings"],
        "bot_permissions": bot_role["permissions"],
        "everyone_permissions": guild.state["roles"][guild.guild_id]["permissions"],
        "bot_role_position": bot_role["position"],
    }
