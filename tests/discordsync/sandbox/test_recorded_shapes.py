"""The sandbox's answers have the fields that were recorded from Discord, of the same kinds.

`recorded_shapes.json` holds for each object the year of the newest recording and its fields, as
"name:kind|kind"; without a kind it is text, and "?" marks fields of older recordings alone. Only
names and kinds were taken from the recordings, which public projects keep for their own tests.
A field that was never recorded with a value (null) may have any kind.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from discordsync.sandbox.audit_log import Action
from discordsync.sandbox.gateway.intents import KNOWN, Intent
from discordsync.sandbox.gateway.parsing import Op
from discordsync.sandbox.permissions import LEAST_PRIVILEGED, Bit
from tests.discordsync.sandbox.gateway.wire import Gateway, Talk
from tests.discordsync.sandbox.interactions.playing import ECHO, Bot, People
from tests.discordsync.sandbox.server import ADA, BEN, GUILD, Server
from tests.discordsync.sandbox.test_oauth import decide, spend

Json = Any
Seen = dict[str, list[Json]]

SHAPES = json.loads(Path(__file__).with_name("recorded_shapes.json").read_text(encoding="utf-8"))
ALL = KNOWN & ~int(Intent.MESSAGE_CONTENT)

# What the sandbox answers otherwise, and why.
UNDOCUMENTED = "no document names it, and Lens reads it nowhere"
STORE = "for applications in Discord's directory"
DIFFERENT = {
    "GUILD_CREATE: no application_command_counts": UNDOCUMENTED,
    "GUILD_CREATE: no guild_hashes": UNDOCUMENTED,
    "GUILD_SCHEDULED_EVENT_CREATE: no sku_ids": UNDOCUMENTED,
    "HELLO: no _trace": UNDOCUMENTED,
    "READY: no _trace": UNDOCUMENTED,
    "application: no cover_image": STORE,
    "application: no guild_id": STORE,
    "application: no integration_types_config": STORE,
    "application: no primary_sku_id": STORE,
    "application: no slug": STORE,
    "application: no summary": "dropped from the document",
    "application: team is null": "one person owns it, as the document allows",
    "audit-log entry: no guild_id": "recorded as an event; a list is in one guild",
    "category in a guild: no bitrate": "recorded with version 6; in no document since",
    "category in a guild: no user_limit": "recorded with version 6; in no document since",
    "command: no default_permission": "dropped from the document",
    "guild in a list: permissions is text": "a number until version 8",
    "guild: no hub_type": UNDOCUMENTED,
    "guild: no latest_onboarding_question_id": UNDOCUMENTED,
    "member in a chunk: no hoisted_role": UNDOCUMENTED,
    "member in a chunk: no is_pending": "the former name of pending, which is there",
    "member in a guild: no hoisted_role": UNDOCUMENTED,
    "member in a message: no hoisted_role": UNDOCUMENTED,
    "member in an interaction: no is_pending": "the former name of pending, which is there",
    "message in an answer: no position": "only in threads, says the document",
    "scheduled event in an answer: no sku_ids": UNDOCUMENTED,
    "scheduled event in an answer: recurrence_rule is null": "no event of Lens repeats",
    "user in an answer: no banner_color": UNDOCUMENTED,
    "user in an answer: no clan": "the former name of primary_guild, which is there",
}


def kind_of(value: Json) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "flag"
        case int() | float():
            return "number"
        case str():
            return "text"
        case list():
            return "list"
        case _:
            return "object"


def differences(name: str, value: Json) -> Iterator[str]:
    for said in SHAPES[name][1].split():
        field, _, kinds = said.partition(":")
        is_sure, field = not field.endswith("?"), field.removesuffix("?")
        if field not in value:
            if is_sure:
                yield f"{name}: no {field}"
        elif kinds != "null" and kind_of(value[field]) not in (kinds or "text").split("|"):
            yield f"{name}: {field} is {kind_of(value[field])}"


def test_what_the_sandbox_answers_has_the_recorded_fields(guild: Server) -> None:
    seen = collect(guild)
    assert seen.keys() == SHAPES.keys()
    found = {
        d for name, values in seen.items() for value in values for d in differences(name, value)
    }
    assert found == DIFFERENT.keys()


# -- asking for each object ----------------------------------------------------------------------


def collect(guild: Server) -> Seen:
    """Return everything that the sandbox answers and sends while all kinds of things happen."""
    guild.set(identify_seconds=0, all_members_seconds=0, presences_intent=True)
    seen: Seen = defaultdict(list)
    made = make_things(guild)
    Gateway(guild).talk(lambda talk: listen(talk, guild, made, seen))
    ask_for_all(guild, made, seen)
    return dict(seen)


def make_things(guild: Server) -> dict[str, str]:
    """Make one thing of each kind; their ids."""
    guild.control("account", {"id": ADA, "avatar": "a" * 32, "global_name": "Ada"})
    made = {"category": guild.make("channel", name="Course", type=4)}
    made["text"] = guild.make("channel", name="general", parent_id=made["category"])
    made["voice"] = guild.make("channel", name="Talk", type=2, parent_id=made["category"])
    hidden = {"id": ADA, "type": 1, "deny": "1"}
    guild.control(
        "edit",
        {"kind": "channel", "id": made["text"], "fields": {"permission_overwrites": [hidden]}},
    )
    guild.call("POST", f"/channels/{made['text']}/messages", {"content": "hello"})
    Bot(guild).register(ECHO)
    return made


async def listen(talk: Talk, guild: Server, made: dict[str, str], seen: Seen) -> None:
    wire = await talk.open()
    await wire.identify(ALL)
    await wire.until("GUILD_CREATE")
    change_things(guild, made)
    wish = {"guild_id": GUILD, "user_ids": [ADA, "5"], "presences": True, "nonce": "n"}
    await wire.send_op(Op.REQUEST_GUILD_MEMBERS, wish)
    await wire.until("GUILD_MEMBERS_CHUNK")
    await wire.caught_up()
    seen["HELLO"].append(wire.received[0]["d"])
    for payload in wire.received:
        sort_event(payload["t"], payload["d"], seen)


def change_things(guild: Server, made: dict[str, str]) -> None:
    roles = f"/guilds/{GUILD}/roles"
    role = guild.call("POST", roles, {"name": "Group 1"}).body["id"]
    guild.call("PUT", f"/guilds/{GUILD}/members/{ADA}/roles/{role}")
    guild.control("voice", {"user": ADA, "channel_id": made["voice"]})
    guild.control("leave", {"id": BEN})
    guild.control("join", {"id": BEN, "username": "ben"})
    said = f"/channels/{made['text']}/messages"
    message = guild.call("POST", said, {"content": "hello", "nonce": "1"}).body["id"]
    guild.call("DELETE", f"{said}/{message}")
    made["event"] = guild.call(
        "POST", f"/guilds/{GUILD}/scheduled-events", event(guild, made)
    ).body["id"]
    channel = guild.call("POST", f"/guilds/{GUILD}/channels", {"name": "more"}).body["id"]
    guild.call("PATCH", f"/channels/{channel}", {"topic": "more"})
    guild.call("DELETE", f"/channels/{channel}")
    guild.call("PATCH", f"{roles}/{role}", {"name": "Group One"})
    guild.call("DELETE", f"{roles}/{role}")
    People(guild).run("echo", text="hi")


def event(guild: Server, made: dict[str, str]) -> Json:
    start = guild.clock.now() + timedelta(days=1)
    return {
        "name": "Week 1",
        "channel_id": made["voice"],
        "entity_type": 2,
        "privacy_level": 2,
        "scheduled_start_time": start.isoformat(),
        "scheduled_end_time": (start + timedelta(hours=1)).isoformat(),
    }


# -- finding the objects in what was sent --------------------------------------------------------


def sort_event(name: str | None, data: Json, seen: Seen) -> None:
    if name in SHAPES:
        seen[name].append(data)
    match name:
        case "READY":
            seen["the bot itself"].append(data["user"])
            seen["guild in READY"] += data["guilds"]
            seen["application in READY"].append(data["application"])
        case "GUILD_CREATE":
            sort_guild(data, seen)
        case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "CHANNEL_DELETE":
            seen["text channel in an event"].append(data)
        case "GUILD_ROLE_CREATE":
            sort_role(data["role"], seen)
        case "GUILD_MEMBERS_CHUNK":
            seen["member in a chunk"] += data["members"]
        case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_REMOVE":
            seen["user in an event"].append(data["user"])
        case "MESSAGE_CREATE":
            seen["member in a message"].append(data["member"])
        case "INTERACTION_CREATE":
            seen["member in an interaction"].append(data["member"])
            seen["data of an interaction"].append(data["data"])
            seen["option of an interaction"] += data["data"]["options"]


def sort_guild(data: Json, seen: Seen) -> None:
    seen["member in a guild"] += data["members"]
    kinds = {0: "text channel", 2: "voice channel", 4: "category"}
    for channel in data["channels"]:
        seen[f"{kinds[channel['type']]} in a guild"].append(channel)
        seen["overwrite"] += channel["permission_overwrites"]
    for role in data["roles"]:
        sort_role(role, seen)


def sort_role(role: Json, seen: Seen) -> None:
    seen["role"].append(role)
    seen["colours of a role"].append(role["colors"])
    if "tags" in role:
        seen["tags of a role"].append(role["tags"])


def ask_for_all(guild: Server, made: dict[str, str], seen: Seen) -> None:
    def ask(path: str) -> Json:
        return guild.call("GET", path).body

    seen["guild"].append(ask(f"/guilds/{GUILD}"))
    seen["guild in a list"] += ask("/users/@me/guilds")
    seen["application"].append(ask("/applications/@me"))
    commands = f"/applications/{guild.bot}/guilds/{GUILD}/commands"
    seen["command"] += guild.call("GET", commands, query={"with_localizations": True}).body
    messages = ask(f"/channels/{made['text']}/messages")
    seen["message in an answer"] += messages
    seen["user in an answer"] += [message["author"] for message in messages]
    seen["scheduled event in an answer"] += ask(f"/guilds/{GUILD}/scheduled-events")
    guild.set(bot_permissions=LEAST_PRIVILEGED | Bit.VIEW_AUDIT_LOG)
    guild.pass_time(minutes=1)
    for entry in ask(f"/guilds/{GUILD}/audit-logs")["audit_log_entries"]:
        seen["audit-log entry"].append(entry)
        if entry["action_type"] == Action.MEMBER_ROLE_UPDATE:
            seen["change in an audit-log entry"] += entry["changes"]
    guild.control("account", {"id": ADA, "email": "ada@example.org"})
    seen["token of a person"].append(spend(guild, decide(guild)["code"]).body)
