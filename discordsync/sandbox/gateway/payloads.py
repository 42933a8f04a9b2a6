"""What a session receives when it starts, and the members that it requests."""

from collections.abc import Iterator
from typing import Any

from discordsync.sandbox import events, guild_routes
from discordsync.sandbox.channels import channels
from discordsync.sandbox.gateway.intents import Intent
from discordsync.sandbox.gateway.parsing import Identify, MembersRequest, Op
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members, voice

API_VERSION = 10
IN_CHUNK = 1000
MATCHES = 100
# READY has these for people's own clients; for bots they are empty.
OF_PEOPLE: dict[str, Any] = {
    "user_settings": {},
    "relationships": [],
    "private_channels": [],
    "presences": [],
    "guild_join_requests": [],
    "geo_ordered_rtc_regions": [],
}


def ready(guild: Guild, session_id: str, address: str) -> dict[str, Any]:
    return {
        "v": API_VERSION,
        "user": guild_routes.serialize_bot(guild),
        "guilds": [{"id": guild.guild_id, "unavailable": True}],
        "session_id": session_id,
        "resume_gateway_url": address,
        "shard": [0, 1],
        "application": {
            "id": guild.state["application_id"],
            "flags": guild_routes.application_flags(guild),
        },
        **OF_PEOPLE,
    }


def guild_create(guild: Guild, request: Identify) -> dict[str, Any]:
    """Return the guild as this session may see it.

    Without the presences intent only the bot and the people in voice channels are listed. Channels
    that the bot cannot see are obfuscated, and their events are left out.
    """
    people = guild.state["members"]
    in_voice = [guild.bot_id, *(user_id for user_id in guild.state["voice"])]
    listed = people if request.intents & Intent.GUILD_PRESENCES else dict.fromkeys(in_voice)
    with_voice = request.intents & Intent.GUILD_VOICE_STATES
    return {
        **guild_routes.serialize_guild(guild),
        "joined_at": people[guild.bot_id]["joined_at"],
        "large": len(people) > request.large_threshold,
        "unavailable": False,
        "member_count": len(people),
        "members": [members.serialize(guild, user_id) for user_id in listed],
        "channels": [
            without_guild(channels.serialize_for_gateway(guild, channel))
            for channel in guild.state["channels"].values()
        ],
        "voice_states": [
            without_guild(voice.serialize(guild, user_id))
            for user_id in guild.state["voice"]
            if with_voice
        ],
        "guild_scheduled_events": [
            events.serialize(guild, event)
            for event in guild.state["events"].values()
            if request.intents & Intent.GUILD_SCHEDULED_EVENTS
            and events.is_shown(guild, guild.bot_id, event)
        ],
        "lazy": True,
        "hub_type": None,
        "application_command_count": len(guild.state["commands"]),
        "embedded_activities": [],
        "threads": [],
        "presences": [],
        "stage_instances": [],
        "soundboard_sounds": [],
    }


def without_guild(shown: dict[str, Any]) -> dict[str, Any]:
    """Return an object without its guild's id, as it appears inside the guild."""
    return {name: value for name, value in shown.items() if name != "guild_id"}


def chunks(guild: Guild, request: MembersRequest, intents: int) -> Iterator[dict[str, Any]]:
    """Yield the requested members in chunks of 1000; the whole list only with its intent."""
    found, missing = find(guild, request)
    if request.is_for_all and not intents & Intent.GUILD_MEMBERS:
        found = []
    count = max(1, -(-len(found) // IN_CHUNK))
    for index in range(count):
        part = found[index * IN_CHUNK : (index + 1) * IN_CHUNK]
        chunk: dict[str, Any] = {
            "guild_id": guild.guild_id,
            "members": [members.serialize(guild, user_id) for user_id in part],
            "chunk_index": index,
            "chunk_count": count,
        }
        if missing:
            chunk["not_found"] = missing
        if request.presences and intents & Intent.GUILD_PRESENCES:
            chunk["presences"] = []
        if request.nonce:
            chunk["nonce"] = request.nonce
        yield chunk


def find(guild: Guild, request: MembersRequest) -> tuple[list[str], list[str]]:
    """Return the ids of the requested members, and the requested ids that are not members."""
    people = guild.state["members"]
    if request.user_ids is not None:
        found = [user_id for user_id in request.user_ids if user_id in people]
        return found, [user_id for user_id in request.user_ids if user_id not in people]
    prefix = request.query.casefold()
    matching = [
        user_id
        for user_id in sorted(people, key=int)
        if guild.state["users"][user_id]["username"].casefold().startswith(prefix)
    ]
    if request.is_for_all:
        return matching, []
    return matching[: min(request.limit or MATCHES, MATCHES) if prefix else request.limit], []


def rate_limited(request: MembersRequest, wait: float) -> dict[str, Any]:
    meta = {"guild_id": request.guild_id} | ({"nonce": request.nonce} if request.nonce else {})
    return {"opcode": int(Op.REQUEST_GUILD_MEMBERS), "retry_after": wait, "meta": meta}
