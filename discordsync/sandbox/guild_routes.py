"""The guild itself, the bot and its application."""

from typing import Any

from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.guild import Guild
from discordsync.sandbox.members import members, roles

# The application's flags for the privileged intents of a bot in fewer than 100 guilds.
INTENT_FLAGS = {
    "presences_intent": 1 << 13,
    "members_intent": 1 << 15,
    "message_content_intent": 1 << 19,
}


def get_me(guild: Guild, _call: Call) -> Answer:
    return 200, serialize_bot(guild)


def serialize_bot(guild: Guild) -> dict[str, Any]:
    """Return the bot as it sees itself."""
    return members.serialize_user(guild, guild.bot_id) | {
        "verified": True,
        "email": None,
        "mfa_enabled": not guild.setting("two_factor"),
        "locale": "en-US",
        "premium_type": 0,
    }


def application_flags(guild: Guild) -> int:
    return sum(bit for name, bit in INTENT_FLAGS.items() if guild.setting(name))


def get_application(guild: Guild, _call: Call) -> Answer:
    flags = application_flags(guild)
    return 200, {
        "id": guild.state["application_id"],
        "name": "Lens",
        "icon": None,
        "description": "",
        "type": None,
        "bot": members.serialize_user(guild, guild.bot_id),
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": members.serialize_user(guild, guild.owner_id),
        "team": None,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": guild.setting("redirect_uris") or [],
        "rpc_origins": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
    }


def list_guilds(guild: Guild, call: Call) -> Answer:
    before, after = call.snowflake("before"), call.snowflake("after")
    number = int(guild.guild_id)
    if (before and number >= int(before)) or (after and number <= int(after)):
        return 200, []
    shown = {
        "id": guild.guild_id,
        "name": guild.state["guild"]["name"],
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": str(guild.guild_bits(call.actor)),
        "features": [],
    }
    return 200, [shown | counts(guild, call)]


def get_guild(guild: Guild, call: Call) -> Answer:
    return 200, serialize_guild(guild) | counts(guild, call)


def serialize_guild(guild: Guild) -> dict[str, Any]:
    """Return the guild in Discord's format."""
    return {
        **FIXED,
        "id": guild.guild_id,
        "name": guild.state["guild"]["name"],
        "owner_id": guild.owner_id,
        "mfa_level": int(guild.setting("two_factor")),
        "roles": roles.serialize_all(guild),
    }


def counts(guild: Guild, call: Call) -> dict[str, Any]:
    if not call.flag("with_counts"):
        return {}
    people = len(guild.state["members"])
    return {"approximate_member_count": people, "approximate_presence_count": people}


FIXED: dict[str, Any] = {
    "icon": None,
    "description": None,
    "home_header": None,
    "splash": None,
    "discovery_splash": None,
    "features": [],
    "banner": None,
    "application_id": None,
    "region": "deprecated",
    "afk_channel_id": None,
    "afk_timeout": 300,
    "system_channel_id": None,
    "system_channel_flags": 0,
    "widget_enabled": False,
    "widget_channel_id": None,
    "verification_level": 0,
    "default_message_notifications": 0,
    "explicit_content_filter": 0,
    "max_presences": None,
    "max_members": 500000,
    "max_stage_video_channel_users": 50,
    "max_video_channel_users": 25,
    "vanity_url_code": None,
    "premium_tier": 0,
    "premium_subscription_count": 0,
    "preferred_locale": "en-US",
    "rules_channel_id": None,
    "safety_alerts_channel_id": None,
    "public_updates_channel_id": None,
    "premium_progress_bar_enabled": False,
    "nsfw": False,
    "nsfw_level": 0,
    "emojis": [],
    "stickers": [],
    "incidents_data": None,
}


ROUTES: list[Route] = [
    ("GET", "/users/@me", get_me),
    ("GET", "/users/@me/guilds", list_guilds),
    ("GET", "/applications/@me", get_application),
    ("GET", "/oauth2/applications/@me", get_application),
    ("GET", "/guilds/{guild_id}", get_guild),
]
