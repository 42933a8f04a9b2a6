"""What the control door can do: people come and go, and somebody edits by hand.

Work done by hand goes through the API's own handlers with the guild's owner as the actor, so that
it obeys the limits and leaves the traces of the real thing, but meets no missing permission.
"""

from collections.abc import Callable, Mapping
from typing import Any

from discordsync.sandbox import (
    channels,
    events,
    fields,
    members,
    messages,
    permissions,
    roles,
    voice,
)
from discordsync.sandbox.calls import Answer, Call, Handler
from discordsync.sandbox.errors import Refusal
from discordsync.sandbox.interactions import play
from discordsync.sandbox.world import World, new_user

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
DM_LIMIT = fields.nullable(
    fields.shape(
        {"channels": fields.whole(0), "minutes": fields.whole(1)}, required=("channels", "minutes")
    )
)
VOICE_WISH = fields.shape(
    {"user": fields.snowflake, "channel_id": fields.nullable(fields.snowflake)},
    required=("user", "channel_id"),
)
CHANNEL = fields.shape({"channel_id": fields.snowflake}, required=("channel_id",))
SETTING_CHECKS: dict[str, fields.Check] = {
    "members_intent": fields.flag,
    "presences_intent": fields.flag,
    "message_content_intent": fields.flag,
    "two_factor": fields.flag,
    "dm_limit": DM_LIMIT,
    "event_grace_hours": fields.whole(0),
    "nonce_minutes": fields.whole(0),
    "audit_delay_seconds": fields.whole(0),
    "audit_hole_every": fields.whole(0),
    "redirect_uris": fields.nullable(fields.listed(fields.text(1, 2048), 10)),
    "gateway_open": fields.flag,
    "heartbeat_seconds": fields.amount(0.05, 3600),
    "identify_seconds": fields.amount(0, 3600),
    "all_members_seconds": fields.amount(0, 3600),
    "interaction_seconds": fields.amount(0, 3600),
    "interaction_minutes": fields.amount(0, 3600),
}


def all_controls(world: World) -> dict[str, Control]:
    """Every control by its name at the door; each raises ValueError with a sentence."""
    acts: dict[str, Callable[[World, Any], Any]] = {
        "members": set_members,
        "join": join,
        "leave": leave,
        "account": change_account,
        "create": create,
        "edit": edit,
        "delete": delete,
        "grant": grant,
        "revoke": revoke,
        "voice": enter_voice,
        "interactions": play.interact,
        "settings": change_settings,
    }
    return {name: bound(world, act) for name, act in acts.items()}


def bound(world: World, act: Callable[[World, Any], Any]) -> Control:
    def control(data: Any) -> Any:
        try:
            return act(world, data)
        except Refusal as refusal:
            raise ValueError(refusal.sentence()) from None
        except fields.Wrong as wrong:
            raise ValueError(f"{wrong.path}: {wrong.message}") from None

    return control


def set_members(world: World, data: Any) -> dict[str, int]:
    """Make these people the guild's, beside bot and owner: [{"id", "username", "dm_closed"?}].

    Who stays keeps roles and joining date, who is not listed leaves.
    """
    people = fields.listed(PERSON, 100_000)(data)
    staying = {person["id"] for person in people} | {world.bot_id, world.owner_id}
    for person in people:
        check_person(world, person)
    for user_id in sorted(world.state["members"].keys() - staying, key=int):
        see_off(world, user_id)
    for person in people:
        admit(world, person)
    return {"members": len(world.state["members"])}


def join(world: World, data: Any) -> dict[str, str]:
    """One person comes: {"id", "username", "dm_closed"?, "bot"?}."""
    person = PERSON(data)
    check_person(world, person)
    admit(world, person)
    return {"joined": person["id"]}


def leave(world: World, data: Any) -> dict[str, str]:
    """One person goes, with all roles; overwrites stay, as on Discord: {"id"}."""
    user_id = fields.shape({"id": fields.snowflake}, required=("id",))(data)["id"]
    if user_id in (world.bot_id, world.owner_id):
        raise ValueError("The bot and the owner stay.")
    world.member(user_id)
    see_off(world, user_id)
    return {"left": user_id}


def see_off(world: World, user_id: str) -> None:
    if user_id in world.state["voice"]:
        voice.remove(world, user_id)
    del world.state["members"][user_id]
    gone = {"guild_id": world.guild_id, "user": members.present_user(world, user_id)}
    world.tell("GUILD_MEMBER_REMOVE", gone)


def check_person(world: World, person: Mapping[str, Any]) -> None:
    if person["id"] == world.bot_id:
        raise ValueError("The bot is in the guild already.")


def admit(world: World, person: Mapping[str, Any]) -> None:
    user_id = person["id"]
    keep_user(world, {**told_before(world, user_id), **new_user(**person)})
    if user_id not in world.state["members"]:
        world.state["members"][user_id] = {"joined_at": world.timestamp(), "roles": []}
        members.tell(world, "GUILD_MEMBER_ADD", user_id)


def keep_user(world: World, user: dict[str, Any]) -> None:
    """Store an account; of a member the bot is told what others can see of it."""
    user_id = user["id"]
    is_member = user_id in world.state["members"]
    before = members.present_user(world, user_id) if is_member else None
    world.state["users"][user_id] = user
    if is_member and members.present_user(world, user_id) != before:
        members.tell(world, "GUILD_MEMBER_UPDATE", user_id)


def told_before(world: World, user_id: str) -> dict[str, Any]:
    """What is known of the account beside its name: being named again forgets none of it."""
    held = world.state["users"].get(user_id, {})
    return {name: held[name] for name in ACCOUNT if name in held}


def change_account(world: World, data: Any) -> dict[str, Any]:
    """A Discord account, in the guild or not: {"id", "username"?, "email"?, "verified"?, …}."""
    given = fields.shape(PERSON_CHECKS, required=("id",))(data)
    check_person(world, given)
    user_id = given["id"]
    held = world.state["users"].get(user_id) or new_user(user_id, given.get("username", user_id))
    keep_user(world, {**held, **given})
    return dict(world.state["users"][user_id])


def create(world: World, data: Any) -> Any:
    """Make by hand: {"kind": "channel"|"role"|"event"|"message", "fields": {...}}.

    A message's fields hold its `channel_id`.
    """
    kind, given = read_kind(data, CREATES), read_fields(data)
    ids = CHANNEL(given) if kind == "message" else {}
    return by_hand(world, CREATES[kind], ids, given)


def edit(world: World, data: Any) -> Any:
    """Change by hand: {"kind": "channel"|"role"|"event", "id", "fields": {...}}."""
    kind = read_kind(data, EDITS)
    return by_hand(world, EDITS[kind], {ID_NAMES[kind]: read_id(data)}, read_fields(data))


def delete(world: World, data: Any) -> dict[str, str]:
    """Delete by hand: {"kind": "channel"|"role"|"event"|"message", "id"}."""
    kind, target_id = read_kind(data, DELETES), read_id(data)
    ids = {ID_NAMES[kind]: target_id}
    if kind == "message":
        ids["channel_id"] = channel_of(world, target_id)
    by_hand(world, DELETES[kind], ids, {})
    return {"deleted": target_id}


def channel_of(world: World, message_id: str) -> str:
    for channel_id, held in world.state["messages"].items():
        if message_id in held:
            return str(channel_id)
    raise ValueError(f"There is no message {message_id}.")


def grant(world: World, data: Any) -> dict[str, str]:
    """Give a role by hand: {"member", "role"}."""
    return change_role(world, members.give_role, data)


def revoke(world: World, data: Any) -> dict[str, str]:
    """Take a role by hand: {"member", "role"}."""
    return change_role(world, members.take_role, data)


def change_role(world: World, handler: Handler, data: Any) -> dict[str, str]:
    pair = fields.shape(
        {"member": fields.snowflake, "role": fields.snowflake}, required=("member", "role")
    )(data)
    by_hand(world, handler, {"user_id": pair["member"], "role_id": pair["role"]}, {})
    return dict(pair)


def enter_voice(world: World, data: Any) -> dict[str, Any]:
    """A person enters a voice channel, changes to it, or leaves: {"user", "channel_id"}.

    Without Connect there nobody gets in.
    """
    wish = VOICE_WISH(data)
    voice.move(world, wish["user"], wish["channel_id"])
    return dict(wish)


def change_settings(world: World, data: Any) -> dict[str, Any]:
    """Change settings and answer with all of them.

    Besides those of `world.SETTINGS`: `bot_permissions` and `everyone_permissions` (bits as a
    number), `bot_role_position` (1 is the lowest).
    """
    given = fields.record(data)
    checks = SETTING_CHECKS | role_checks(world)
    unknown = sorted(given.keys() - checks.keys())
    if unknown:
        known = ", ".join(sorted(checks))
        raise ValueError(f"There is no setting {', '.join(unknown)}; there are {known}.")
    checked = fields.shape(checks)(given)
    bot_role_id = world.state["bot_role_id"]
    for name, role_id in (
        ("bot_permissions", bot_role_id),
        ("everyone_permissions", world.guild_id),
    ):
        if name in checked:
            world.state["roles"][role_id]["permissions"] = checked.pop(name)
            roles.tell(world, "GUILD_ROLE_UPDATE", world.state["roles"][role_id])
    if "bot_role_position" in checked:
        roles.place(world, bot_role_id, checked.pop("bot_role_position"))
    world.state["settings"].update(checked)
    return show_settings(world)


def role_checks(world: World) -> dict[str, fields.Check]:
    bits = fields.whole(0, permissions.ALL)
    highest = len(world.state["roles"]) - 1
    return {
        "bot_permissions": bits,
        "everyone_permissions": bits,
        "bot_role_position": fields.whole(1, highest),
    }


def show_settings(world: World) -> dict[str, Any]:
    bot_role = world.state["roles"][world.state["bot_role_id"]]
    return {
        **world.state["settings"],
        "bot_permissions": bot_role["permissions"],
        "everyone_permissions": world.state["roles"][world.guild_id]["permissions"],
        "bot_role_position": bot_role["position"],
    }


def by_hand(world: World, handler: Handler, ids: Mapping[str, str], body: Mapping[str, Any]) -> Any:
    """Call the handler as the guild's owner; its answer's body."""
    answer: Answer = handler(world, Call(actor=world.owner_id, ids=ids, body=body))
    return answer[1]


def read_kind(data: Any, handlers: Mapping[str, Handler]) -> str:
    kind = data.get("kind") if isinstance(data, dict) else None
    if kind not in handlers:
        raise ValueError(f"`kind` is one of {', '.join(handlers)}.")
    return str(kind)


def read_id(data: Mapping[str, Any]) -> str:
    return str(fields.shape({"id": fields.snowflake}, required=("id",))(data)["id"])


def read_fields(data: Mapping[str, Any]) -> dict[str, Any]:
    given = data.get("fields")
    if not isinstance(given, dict):
        raise ValueError("`fields` is a record of what to set, named as in Discord's API.")
    return given
