"""Play a person who uses the bot: runs a command, types, presses, fills in a form.

Raises ValueError with a sentence for anything that Discord's own client would not allow.
"""

from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields, permissions
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.interactions import availability, modals, options, payloads, record
from discordsync.sandbox.interactions.record import (
    COMMAND,
    COMPONENT,
    EPHEMERAL,
    FOCUS,
    LOADING,
    SUBMIT,
)
from discordsync.sandbox.messages import components, serializers
from discordsync.sandbox.permissions import CATEGORY

USER = fields.shape({"user": fields.snowflake}, required=("user",))
TYPED = fields.shape(
    {
        "user": fields.snowflake,
        "command": fields.text(1, 100),
        "options": fields.record,
        "focus": fields.text(1, 32),
        "channel_id": fields.snowflake,
    },
    required=("user", "command"),
)
PRESSED = fields.shape(
    {
        "user": fields.snowflake,
        "press": fields.text(1, 100),
        "message_id": fields.snowflake,
        "values": fields.listed(fields.text(1, 100), 25),
    },
    required=("user", "press", "message_id"),
)
FILLED = fields.shape(
    {"user": fields.snowflake, "submit": fields.snowflake, "values": fields.record},
    required=("user", "submit"),
)
AGAIN = fields.shape({"again": fields.snowflake}, required=("again",))


def interact(guild: Guild, data: Any) -> dict[str, Any]:
    """Play a person; the keys decide the action. Returns the interaction's id.

    {"user", "command", "options"?, "channel_id"?}       run a command
    {"user", "command", "focus", "options", …}           type an option that has autocompletion
    {"user", "press", "message_id", "values"?}           press a button, or choose in a menu
    {"user", "submit", "values"}                         fill in the form that an interaction showed
    {"again"}                                            send the same interaction once more
    """
    given = fields.record(data)
    if "again" in given:
        interaction = find(guild, AGAIN(given)["again"])
    elif "press" in given:
        interaction = press(guild, PRESSED(given))
    elif "submit" in given:
        interaction = submit(guild, FILLED(given))
    else:
        interaction = run_command(guild, TYPED(given))
    record.deliver(guild, interaction)
    return {"id": interaction["id"]}


def run_command(guild: Guild, action: Mapping[str, Any]) -> dict[str, Any]:
    user_id, (name, *path) = action["user"], action["command"].removeprefix("/").split() or [""]
    channel_id = action.get("channel_id") or first_channel(guild, user_id)
    offered = availability.available_commands(guild, user_id, channel_id)
    command = next((each for each in offered if each["name"] == name), None)
    if command is None:
        raise ValueError(f"The command {name} is not available to this person there.")
    focus = action.get("focus")
    known, steps = options.descend(command, path)
    given = options.read_options(known, action.get("options", {}), focus=focus)
    if focus and not any(option.get("focused") for option in given):
        given.append(options.read_option(named(known, focus), "", focused=True))
    data: dict[str, Any] = {
        "id": command["id"],
        "name": command["name"],
        "type": command["type"],
        "options": options.nest(steps, given),
    }
    resolved = options.resolve(guild, user_id, given)
    if resolved:
        data["resolved"] = resolved
    if command["guild_id"]:
        data["guild_id"] = command["guild_id"]
    kind = FOCUS if focus else COMMAND
    return begin(guild, data, kind=kind, user_id=user_id, channel_id=channel_id)


def named(known: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(option for option in known if option["name"] == name)


def first_channel(guild: Guild, user_id: str) -> str:
    """Return the default channel: the first visible one in which commands may be used."""
    if user_id not in guild.state["members"]:
        raise ValueError(f"{user_id} is not in the guild.")
    bits = availability.USING
    for channel_id, channel in guild.state["channels"].items():
        seen = permissions.effective(guild.state, user_id, channel_id)
        if channel["type"] != CATEGORY and not bits & ~seen:
            return str(channel_id)
    raise ValueError("This person cannot see a channel where commands can be used.")


def press(guild: Guild, action: Mapping[str, Any]) -> dict[str, Any]:
    user_id = action["user"]
    message = find_visible_message(guild, user_id, action["message_id"])
    part = components.find(message.get("components", []), action["press"])
    if part is None or part.get("disabled"):
        raise ValueError(f"The message has no button or menu {action['press']}.")
    data: dict[str, Any] = {
        "custom_id": part["custom_id"],
        "component_type": part["type"],
        "id": part["id"],
    }
    if part["type"] == components.MENU:
        data["values"] = check_values(part, action.get("values", []))
    return begin(
        guild,
        data,
        kind=COMPONENT,
        user_id=user_id,
        channel_id=message["channel_id"],
        message=message,
    )


def check_values(menu: Mapping[str, Any], values: list[str]) -> list[str]:
    known = [option["value"] for option in menu["options"]]
    if not menu["min_values"] <= len(set(values)) <= menu["max_values"] or set(values) - set(known):
        raise ValueError(f"The menu {menu['custom_id']} does not accept {values}.")
    return values


def find_visible_message(guild: Guild, user_id: str, message_id: str) -> dict[str, Any]:
    """Return the message if this person can see it; only one person sees an ephemeral one."""
    hidden = record.find_hidden(guild, message_id)
    if hidden is not None and hidden["answers"]["user_id"] == user_id:
        return hidden
    for channel_id, held in guild.state["messages"].items():
        if message_id in held and sees(guild, user_id, channel_id):
            found: dict[str, Any] = held[message_id]
            return found
    raise ValueError(f"{user_id} cannot see a message {message_id}.")


def sees(guild: Guild, user_id: str, channel_id: str) -> bool:
    if channel_id in guild.state["dms"]:
        return bool(guild.state["dms"][channel_id]["recipient_id"] == user_id)
    return permissions.sees(guild.state, user_id, channel_id)


def submit(guild: Guild, action: Mapping[str, Any]) -> dict[str, Any]:
    shown = find(guild, action["submit"])
    if shown["modal"] is None or shown["user_id"] != action["user"]:
        raise ValueError(f"The interaction {shown['id']} did not show this person a form.")
    data = {
        "custom_id": shown["modal"]["custom_id"],
        "components": modals.fill(shown["modal"], action.get("values", {})),
    }
    message = record.message_of(guild, shown, shown["message_id"])
    return begin(
        guild,
        data,
        kind=SUBMIT,
        user_id=action["user"],
        channel_id=shown["channel_id"],
        message=message,
        form_of=shown["id"],
    )


def begin(
    guild: Guild,
    data: Mapping[str, Any],
    *,
    kind: int,
    user_id: str,
    channel_id: str,
    message: Mapping[str, Any] | None = None,
    form_of: str | None = None,
) -> dict[str, Any]:
    interaction = record.begin(
        guild,
        kind=kind,
        user_id=user_id,
        channel_id=channel_id,
        message_id=message["id"] if message else None,
        form_of=form_of,
    )
    shown = serializers.serialize(guild, message, reader=guild.bot_id) if message else None
    interaction["payload"] = payloads.build(guild, interaction, data, shown)
    return interaction


def find(guild: Guild, interaction_id: str) -> dict[str, Any]:
    interaction: dict[str, Any] | None = guild.state["interactions"].get(interaction_id)
    if interaction is None:
        raise ValueError(f"There is no interaction {interaction_id}.")
    return interaction


def show(guild: Guild) -> dict[str, Any]:
    """Return each interaction's result, oldest first, as the person sees it."""
    held = guild.state["interactions"].values()
    return {"interactions": [describe(guild, interaction) for interaction in held]}


def describe(guild: Guild, interaction: dict[str, Any]) -> dict[str, Any]:
    data = interaction["payload"]["data"]
    return {
        "id": interaction["id"],
        "kind": record.KINDS[interaction["type"]],
        "user": interaction["user_id"],
        "channel_id": interaction["channel_id"],
        "name": data.get("name") or data["custom_id"],
        "at": interaction["at"],
        "state": record.state_of(guild, interaction),
        "sent": interaction["sent"],
        "answer": interaction["answer"],
        "choices": interaction["choices"],
        "modal": interaction["modal"],
        "messages": [
            describe_message(interaction, message)
            for message_id in own_messages(interaction)
            if (message := record.message_of(guild, interaction, message_id)) is not None
        ],
    }


def own_messages(interaction: Mapping[str, Any]) -> list[str]:
    """Return the ids of the original message, possibly the pressed one, and of those after it."""
    ids = [interaction["original_id"], *interaction["messages"]]
    return [each for each in dict.fromkeys(ids) if each is not None]


def describe_message(interaction: Mapping[str, Any], message: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": message["id"],
        "original": message["id"] == interaction["original_id"],
        "content": message["content"],
        "components": message.get("components", []),
        "flags": message["flags"],
        "ephemeral": bool(message["flags"] & EPHEMERAL),
        "loading": bool(message["flags"] & LOADING),
    }
