"""The guild as a person would see it, with names instead of ids: plain data for a template."""

from collections.abc import Iterator, Mapping
from typing import Any

from discordsync.sandbox import permissions
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import user_actions
from discordsync.sandbox.interactions.command_checks import NESTING
from discordsync.sandbox.permissions import CATEGORY, VOICE, Bit

KINDS = {0: "text", VOICE: "voice", CATEGORY: "category"}
STATUS = {1: "scheduled", 2: "active"}
# The bits in the table of access that differ between people; see `who_may_what` for all bits.
SHOWN_BITS = (
    Bit.VIEW_CHANNEL
    | Bit.SEND_MESSAGES
    | Bit.CONNECT
    | Bit.SPEAK
    | Bit.MANAGE_MESSAGES
    | Bit.MUTE_MEMBERS
    | Bit.MOVE_MEMBERS
    | Bit.MANAGE_CHANNELS
)


def show(guild: Guild) -> dict[str, Any]:
    """Return the data of the page, with the interactions as the control API shows them.

    Keys: guild, categories, roles, people, messages, direct_messages, events, access, commands.
    """
    access = access_table(guild)
    return {
        "guild": {**guild.state["guild"], "members": len(guild.state["members"])},
        "categories": show_categories(guild, access),
        "roles": show_roles(guild),
        "people": [show_person(guild, user_id) for user_id in by_name(guild)],
        "messages": show_messages(guild),
        "direct_messages": show_direct_messages(guild),
        "events": show_events(guild),
        "access": access,
        "commands": show_commands(guild),
        **user_actions.show(guild),
    }


def show_commands(guild: Guild) -> list[dict[str, Any]]:
    """Return each command and subcommand as it is typed."""
    return [
        {
            "path": " ".join(path),
            "description": leaf["description"],
            "options": leaf["options"],
            "restricted": command["default_member_permissions"] is not None,
        }
        for command in guild.state["commands"].values()
        for path, leaf in leaves(command)
    ]


def leaves(node: Mapping[str, Any]) -> Iterator[tuple[list[str], Mapping[str, Any]]]:
    """Yield the leaves of a command's tree, which can be run, with the words that lead to them."""
    inner = [option for option in node["options"] if option["type"] in NESTING]
    if not inner:
        yield [node["name"]], node
    for option in inner:
        for path, leaf in leaves(option):
            yield [node["name"], *path], leaf


def access_table(guild: Guild) -> list[dict[str, Any]]:
    """Return each person's `TOLD` bits per visible channel: {"name", "id", "channels": [...]}."""
    return [
        {
            "id": user_id,
            "name": name_of(guild, user_id),
            "channels": [
                {
                    "id": channel_id,
                    "name": guild.state["channels"][channel_id]["name"],
                    "may": permissions.names(bits & SHOWN_BITS),
                }
                for channel_id, bits in bits_in_channels(guild, user_id).items()
                if bits & Bit.VIEW_CHANNEL
            ],
        }
        for user_id in by_name(guild)
    ]


def bits_in_channels(guild: Guild, user_id: str) -> dict[str, int]:
    return {
        channel_id: permissions.effective(guild.state, user_id, channel_id)
        for channel_id in guild.state["channels"]
    }


def show_categories(guild: Guild, access: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return each category with its channels; channels without one first, as on Discord."""
    seen_by: dict[str, list[str]] = {channel_id: [] for channel_id in guild.state["channels"]}
    for person in access:
        for channel in person["channels"]:
            seen_by[channel["id"]].append(person["name"])
    channels = sorted(
        guild.state["channels"].values(),
        key=lambda c: (c["type"] == VOICE, c["position"], int(c["id"])),
    )
    categories = [c for c in channels if c["type"] == CATEGORY]
    shown = [
        {
            "id": category["id"] if category else None,
            "name": category["name"] if category else None,
            "seen_by": seen_by[category["id"]] if category else [],
            "channels": [
                show_channel(guild, channel, seen_by[channel["id"]])
                for channel in channels
                if channel["type"] != CATEGORY
                and channel["parent_id"] == (category["id"] if category else None)
            ],
        }
        for category in [None, *categories]
    ]
    return [entry for entry in shown if entry["id"] or entry["channels"]]


def show_channel(guild: Guild, channel: Mapping[str, Any], seen_by: list[str]) -> dict[str, Any]:
    return {
        "id": channel["id"],
        "kind": KINDS[channel["type"]],
        "name": channel["name"],
        "topic": channel.get("topic"),
        "seen_by": seen_by,
        "inside": [
            name_of(guild, user_id)
            for user_id, state in guild.state["voice"].items()
            if state["channel_id"] == channel["id"]
        ],
        "overwrites": [
            {
                "who": target_name(guild, target_id),
                "allow": permissions.names(overwrite["allow"]),
                "deny": permissions.names(overwrite["deny"]),
            }
            for target_id, overwrite in channel["overwrites"].items()
        ],
    }


def show_roles(guild: Guild) -> list[dict[str, Any]]:
    """Return the roles, highest first, each with its people."""
    return [
        {
            "id": role["id"],
            "name": role["name"],
            "position": role["position"],
            "permissions": permissions.names(role["permissions"]),
            "people": [
                name_of(guild, user_id)
                for user_id in by_name(guild)
                if role["id"] in guild.state["members"][user_id]["roles"]
            ],
        }
        for role in sorted(guild.state["roles"].values(), key=lambda r: -r["position"])
    ]


def show_person(guild: Guild, user_id: str) -> dict[str, Any]:
    member = guild.state["members"][user_id]
    return {
        "id": user_id,
        "name": name_of(guild, user_id),
        "bot": guild.state["users"][user_id]["bot"],
        "dm_closed": guild.state["users"][user_id]["dm_closed"],
        "joined_at": member["joined_at"],
        "roles": [guild.state["roles"][role_id]["name"] for role_id in member["roles"]],
    }


def show_messages(guild: Guild) -> list[dict[str, Any]]:
    """Return guild messages, oldest first."""
    return [
        show_message(guild, message, guild.state["channels"][channel_id]["name"])
        for channel_id, held in guild.state["messages"].items()
        if channel_id in guild.state["channels"]
        for message in held.values()
    ]


def show_direct_messages(guild: Guild) -> list[dict[str, Any]]:
    return [
        show_message(guild, message, name_of(guild, dm["recipient_id"]))
        for dm in guild.state["dms"].values()
        for message in guild.state["messages"][dm["id"]].values()
    ]


def show_message(guild: Guild, message: Mapping[str, Any], where: str) -> dict[str, Any]:
    return {
        "id": message["id"],
        "channel_id": message["channel_id"],
        "where": where,
        "author": name_of(guild, message["author_id"]),
        "text": message["content"],
        "components": message.get("components", []),
        "presser": guild.state["dms"].get(message["channel_id"], {}).get("recipient_id"),
        "at": message["sent_at"],
        "mentions": [name_of(guild, user_id) for user_id in message["mentions"]],
        "mention_roles": [target_name(guild, role_id) for role_id in message["mention_roles"]],
        "mention_everyone": message["mention_everyone"],
        "pinged": pinged(guild, message),
    }


def pinged(guild: Guild, message: Mapping[str, Any]) -> list[str]:
    """Return the names of the mentioned people (by name, role or everyone) who see the channel."""
    channel_id = message["channel_id"]
    if channel_id in guild.state["dms"]:
        return [name_of(guild, guild.state["dms"][channel_id]["recipient_id"])]
    roles = set(message["mention_roles"])
    return [
        name_of(guild, user_id)
        for user_id in by_name(guild)
        if user_id != message["author_id"]
        and (
            message["mention_everyone"]
            or user_id in message["mentions"]
            or roles & set(guild.state["members"][user_id]["roles"])
        )
        and permissions.sees(guild.state, user_id, channel_id)
    ]


def show_events(guild: Guild) -> list[dict[str, Any]]:
    """Return the events by their start."""
    return [
        {
            "id": event["id"],
            "name": event["name"],
            "description": event["description"],
            "channel": guild.state["channels"][event["channel_id"]]["name"],
            "start": event["start"],
            "end": event["end"],
            "status": STATUS[event["status"]],
        }
        for event in sorted(guild.state["events"].values(), key=lambda event: event["start"])
    ]


def by_name(guild: Guild) -> list[str]:
    """Return the members' ids in the order of their names."""
    return sorted(guild.state["members"], key=lambda user_id: name_of(guild, user_id).casefold())


def name_of(guild: Guild, user_id: str) -> str:
    return str(guild.state["users"].get(user_id, {}).get("username", user_id))


def target_name(guild: Guild, target_id: str) -> str:
    role = guild.state["roles"].get(target_id)
    return str(role["name"]) if role else name_of(guild, target_id)
