"""What a session receives when it starts, and the members that it requests."""

from collections.abc import Iterator
from typing import Any

from discordsync.sandbox import events, guild_routes
from discordsync.sandbox.channels import channels
from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Identify, MembersRequest, Op
from discordsync.sandbox.guild_state import World
from discordsync.sandbox.members import members, voice

API_VERSION = 10
IN_CHUNK = 1000
MATCHES = 100


def ready(world: World, session_id: str, address: str) -> dict[str, Any]:
    return {
        "v": API_VERSION,
        "user": guild_routes.present_me(world),
        "guilds": [{"id": world.guild_id, "unavailable": True}],
        "session_id": session_id,
        "resume_gateway_url": address,
        "shard": [0, 1],
        "application": {
            "id": world.state["application_id"],
            "flags": guild_routes.application_flags(world),
        },
    }


def guild_create(world: World, wish: Identify) -> dict[str, Any]:
    """Return the guild as this session may see it.

    Without the presences intent only the bot and the people in voice channels are listed. Channels
    that the bot cannot see are obfuscated, and their events are left out.
    """
    people = world.state["members"]
    in_voice = [world.bot_id, *(user_id for user_id in world.state["voice"])]
    listed = people if wish.intents & Intent.GUILD_PRESENCES else dict.fromkeys(in_voice)
    heard = wish.intents & Intent.GUILD_VOICE_STATES
    return {
        **guild_routes.present_guild(world),
        "joined_at": people[world.bot_id]["joined_at"],
        "large": len(people) > wish.large_threshold,
        "unavailable": False,
        "member_count": len(people),
        "members": [members.present(world, user_id) for user_id in listed],
        "channels": [
            without_guild(channels.present_told(world, channel))
            for channel in world.state["channels"].values()
        ],
        "voice_states": [
            without_guild(voice.present(world, user_id))
            for user_id in world.state["voice"]
            if heard
        ],
        "guild_scheduled_events": [
            events.present(world, event)
            for event in world.state["events"].values()
            if wish.intents & Intent.GUILD_SCHEDULED_EVENTS
            and events.is_shown(world, world.bot_id, event)
        ],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "soundboard_sounds": [],
    }


def without_guild(shown: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its guild's id, as it appears inside the guild."""
    return {name: value for name, value in shown.items() if name != "guild_id"}


def chunks(world: World, wish: MembersRequest, intents: int) -> Iterator[dict[str, Any]]:
    """Yield the requested members in chunks of 1000; the whole list only with its intent."""
    found, missing = find(world, wish)
    if wish.asks_for_all and not intents & Intent.GUILD_MEMBERS:
        found = []
    count = max(1, -(-len(found) // IN_CHUNK))
    for index in range(count):
        part = found[index * IN_CHUNK : (index + 1) * IN_CHUNK]
        chunk: dict[str, Any] = {
            "guild_id": world.guild_id,
            "members": [members.present(world, user_id) for user_id in part],
            "chunk_index": index,
            "chunk_count": count,
        }
        if missing:
            chunk["not_found"] = missing
        if wish.presences and intents & Intent.GUILD_PRESENCES:
            chunk["presences"] = []
        if wish.nonce:
            chunk["nonce"] = wish.nonce
        yield chunk


def find(world: World, wish: MembersRequest) -> tuple[list[str], list[str]]:
    """Return the ids of the requested members, and the requested ids that are not members."""
    people = world.state["members"]
    if wish.user_ids is not None:
        found = [user_id for user_id in wish.user_ids if user_id in people]
        return found, [user_id for user_id in wish.user_ids if user_id not in people]
    prefix = wish.query.casefold()
    matching = [
        user_id
        for user_id in sorted(people, key=int)
        if world.state["users"][user_id]["username"].casefold().startswith(prefix)
    ]
    if wish.asks_for_all:
        return matching, []
    return matching[: min(wish.limit or MATCHES, MATCHES) if prefix else wish.limit], []


def rate_limited(wish: MembersRequest, wait: float) -> dict[str, Any]:
    meta = {"guild_id": wish.guild_id} | ({"nonce": wish.nonce} if wish.nonce else {})
    return {"opcode": int(Op.REQUEST_GUILD_MEMBERS), "retry_after": wait, "meta": meta}
