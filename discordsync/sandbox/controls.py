"""The control API: lets testers make people join or leave, and edit the guild by hand.

Edits by hand go through the API's own handlers with the guild's owner as the actor, so that limits
apply and traces appear as on Discord, but no permission is ever missing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from discordsync.sandbox import events, fields, guild_settings
from discordsync.sandbox.calls import Answer, Call, Handler
from discordsync.sandbox.channels import channels
from discordsync.sandbox.errors import Refusal
from discordsync.sandbox.guild import Guild, new_user
from discordsync.sandbox.interactions import user_actions
from discordsync.sandbox.members import members, roles, voice
from discordsync.sandbox.messages import messages

Control = Callable[[Any], Any]

ID_NAMES = {
    "channel": "channel_id",
    "role": "role_id",
    "event": "event_id",
    "message": "message_id",
}
CREATES: dict[str, Handler] = {
    "channel": channels.create_channel,
    "role": roles.create_role,
    "event": events.create_event,
    "message": messages.create_message,
}
EDITS: dict[str, Handler] = {
    "channel": channels.edit_channel,
    "role": roles.edit_role,
    "event": events.edit_event,
}
DELETES: dict[str, Handler] = {
    "channel": channels.delete_channel,
    "role": roles.delete_role,
    "event": events.delete_event,
    "message": messages.delete_message,
}
PERSON_CHECKS: dict[str, fields.Check] = {
    "id": fields.snowflake,
    "username": fields.text(1, 32),
    "dm_closed": fields.flag,
    "bot": fields.flag,
    "email": fields.nullable(fields.text(3, 254)),
    "verified": fields.flag,
    "avatar": fields.nullable(fields.text(1, 40)),
    "global_name": fields.nullable(fields.text(1, 32)),
}
ACCOUNT = ("email", "verified", "avatar", "global_name")
PERSON = fields.shape(PERSON_CHECKS, required=("id", "username"))
VOICE_MOVE = fields.shape(
    {"user": fields.snowflake, "channel_id": fields.nullable(fields.snowflake)},
    required=("user", "channel_id"),
)
PERSON_ID = fields.shape({"id": fields.snowflake}, required=("id",))
CHANNEL = fields.shape({"channel_id": fields.snowflake}, required=("channel_id",))


def all_controls(guild: Guild) -> dict[str, Control]:
    """Return every control by its name.  Each raises ValueError with a sentence."""
    acts: dict[str, Callable[[Guild, Any], Any]] = {
        "members": set_members,
        "join": join,
        "leave": leave,
        "accept_rules": accept_rules,
        "account": change_account,
        "create": create,
        "edit": edit,
        "delete": delete,
        "grant": grant,
        "revoke": revoke,
        "voice": enter_voice,
        "interactions": user_actions.interact,
        "settings": guild_settings.change_settings,
    }
    return {name: bound(guild, act) for name, act in acts.items()}


def bound(guild: Guild, act: Callable[[Guild, Any], Any]) -> Control:
    def control(data: Any) -> Any:
        try:
            return act(guild, data)
        except Refusal as refusal:
            raise ValueError(refusal.sentence()) from None
        except fields.FieldError as wrong:
            raise ValueError(f"{wrong.path}: {wrong.message}") from None

    return control


def set_members(guild: Guild, data: Any) -> dict[str, int]:
    """Replace the guild's people, besides bot and owner: [{"id", "username", "dm_closed"?}].

    Those who were members keep roles and joining date; those who are not listed leave.
    """
    people = fields.listed(PERSON, 100_000)(data)
    staying = {person["id"] for person in people} | {guild.bot_id, guild.owner_id}
    for person in people:
        check_person(guild, person)
    for user_id in sorted(guild.state["members"].keys() - staying, key=int):
        remove_member(guild, user_id)
    for person in people:
        add_member(guild, person)
    return {"members": len(guild.state["members"])}


def join(guild: Guild, data: Any) -> dict[str, str]:
    """Let one person join: {"id", "username", "dm_closed"?, "bot"?}."""
    person = PERSON(data)
    check_person(guild, person)
    add_member(guild, person)
    return {"joined": person["id"]}


def leave(guild: Guild, data: Any) -> dict[str, str]:
    """Let one person leave.  Roles end; overwrites remain, as on Discord: {"id"}."""
    user_id = PERSON_ID(data)["id"]
    if user_id in (guild.bot_id, guild.owner_id):
        raise ValueError("The bot and the owner cannot be removed.")
    guild.member(user_id)
    remove_member(guild, user_id)
    return {"left": user_id}


def accept_rules(guild: Guild, data: Any) -> dict[str, str]:
    """Let a pending member accept the guild's rules: {"id"}."""
    user_id = PERSON_ID(data)["id"]
    guild.member(user_id).pop("pending", None)
    members.emit(guild, "GUILD_MEMBER_UPDATE", user_id)
    return {"accepted": user_id}


def remove_member(guild: Guild, user_id: str) -> None:
    if user_id in guild.state["voice"]:
        voice.remove(guild, user_id)
    del guild.state["members"][user_id]
    gone = {"guild_id": guild.guild_id, "user": members.serialize_user(guild, user_id)}
    guild.emit("GUILD_MEMBER_REMOVE", gone)


def check_person(guild: Guild, person: Mapping[str, Any]) -> None:
    if person["id"] == guild.bot_id:
        raise ValueError("The bot is already in the guild.")


def add_member(guild: Guild, person: Mapping[str, Any]) -> None:
    user_id = person["id"]
    store_user(guild, {**account_fields(guild, user_id), **new_user(**person)})
    if user_id not in guild.state["members"]:
        guild.state["members"][user_id] = members.new_member(guild)
        members.emit(guild, "GUILD_MEMBER_ADD", user_id)


def store_user(guild: Guild, user: dict[str, Any]) -> None:
    """Store an account; report a member's change to the bot if it is visible to others."""
    user_id = user["id"]
    is_member = user_id in guild.state["members"]
    before = members.serialize_user(guild, user_id) if is_member else None
    guild.state["users"][user_id] = user
    if is_member and members.serialize_user(guild, user_id) != before:
        members.emit(guild, "GUILD_MEMBER_UPDATE", user_id)


def account_fields(guild: Guild, user_id: str) -> dict[str, Any]:
    """Return an account's stored details, which are kept if it is named again without them."""
    held = guild.state["users"].get(user_id, {})
    return {name: held[name] for name in ACCOUNT if name in held}


def change_account(guild: Guild, data: Any) -> dict[str, Any]:
    """Change a Discord account, member or not: {"id", "username"?, "email"?, "verified"?, …}."""
    given = fields.shape(PERSON_CHECKS, required=("id",))(data)
    check_person(guild, given)
    user_id = given["id"]
    held = guild.state["users"].get(user_id) or new_user(user_id, given.get("username", user_id))
    store_user(guild, {**held, **given})
    return dict(guild.state["users"][user_id])


def create(guild: Guild, data: Any) -> Any:
    """Create by hand: {"kind": "channel"|"role"|"event"|"message", "fields": {...}}.

    A message's fields contain its `channel_id`.
    """
    kind, given = read_kind(data, CREATES), read_fields(data)
    ids = CHANNEL(given) if kind == "message" else {}
    return call_as_owner(guild, CREATES[kind], ids, given)


def edit(guild: Guild, data: Any) -> Any:
    """Change by hand: {"kind": "channel"|"role"|"event", "id", "fields": {...}}."""
    kind = read_kind(data, EDITS)
    return call_as_owner(guild, EDITS[kind], {ID_NAMES[kind]: read_id(data)}, read_fields(data))


def delete(guild: Guild, data: Any) -> dict[str, str]:
    """Delete by hand: {"kind": "channel"|"role"|"event"|"message", "id"}."""
    kind, target_id = read_kind(data, DELETES), read_id(data)
    ids = {ID_NAMES[kind]: target_id}
    if kind == "message":
        ids["channel_id"] = channel_of(guild, target_id)
    call_as_owner(guild, DELETES[kind], ids, {})
    return {"deleted": target_id}


def channel_of(guild: Guild, message_id: str) -> str:
    for channel_id, held in guild.state["messages"].items():
        if message_id in held:
            return str(channel_id)
    raise ValueError(f"There is no message {message_id}.")


def grant(guild: Guild, data: Any) -> dict[str, str]:
    """Give a role by hand: {"member", "role"}."""
    return change_role(guild, members.give_role, data)


def revoke(guild: Guild, data: Any) -> dict[str, str]:
    """Take a role by hand: {"member", "role"}."""
    return change_role(guild, members.take_role, data)


def change_role(guild: Guild, handler: Handler, data: Any) -> dict[str, str]:
    pair = fields.shape(
        {"member": fields.snowflake, "role": fields.snowflake}, required=("member", "role")
    )(data)
    call_as_owner(guild, handler, {"user_id": pair["member"], "role_id": pair["role"]}, {})
    return dict(pair)


def enter_voice(guild: Guild, data: Any) -> dict[str, Any]:
    """Let a person enter a voice channel, change to it, or leave: {"user", "channel_id"}.

    Entering requires the Connect permission there.
    """
    move = VOICE_MOVE(data)
    voice.move(guild, move["user"], move["channel_id"])
    return dict(move)


def call_as_owner(
    guild: Guild, handler: Handler, ids: Mapping[str, str], body: Mapping[str, Any]
) -> Any:
    """Call the handler as the guild's owner and return its answer's body."""
    answer: Answer = handler(guild, Call(actor=guild.owner_id, ids=ids, body=body))
    return answer[1]


def read_kind(data: Any, handlers: Mapping[str, Handler]) -> str:
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in handlers:
        raise ValueError(f"`kind` must be one of {', '.join(handlers)}.")
    return str(kind)


def read_id(data: Mapping[str, Any]) -> str:
    return str(fields.shape({"id": fields.snowflake}, required=("id",))(data)["id"])


def read_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    given = data.get("fields")
    if not isinstance(given, dict):
        raise ValueError(
            "`fields` must be an object with the fields to set, named as in Discord's API."
        )
    return given
