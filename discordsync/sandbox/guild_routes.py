"""The guild itself, the bot and its application."""

from typing import Any

from discordsync.sandbox.calls import Answer, Call, Route
from discordsync.sandbox.guild_state import World
from discordsync.sandbox.members import members, roles

# The application's flags for the privileged intents of a bot in fewer than 100 guilds.
INTENT_FLAGS = {
    "presences_intent": 1 << 13,
    "members_intent": 1 << 15,
    "message_content_intent": 1 << 19,
}


def get_me(world: World, _call: Call) -> Answer:
    return 200, present_me(world)


def present_me(world: World) -> dict[str, Any]:
    """Return the bot as it sees itself."""
    return members.present_user(world, world.bot_id) | {
        "verified": True,
        "email": None,
        "mfa_enabled": not world.setting("two_factor"),
        "locale": "en-US",
        "premium_type": 0,
        "banner": None,
        "accent_color": None,
    }


def application_flags(world: World) -> int:
    return sum(bit for name, bit in INTENT_FLAGS.items() if world.setting(name))


def get_application(world: World, _call: Call) -> Answer:
    flags = application_flags(world)
    return 200, {
        "id": world.state["application_id"],
        "name": "Lens",
        "icon": None,
        "description": "",
        "type": None,
        "bot": members.present_user(world, world.bot_id),
        "bot_public": False,
        "bot_require_code_grant": False,
        "owner": members.present_user(world, world.owner_id),
        "team": None,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "rpc_origins": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": [],
    }


def list_guilds(world: World, call: Call) -> Answer:
    before, after = call.snowflake("before"), call.snowflake("after")
    number = int(world.guild_id)
    if (before and number >= int(before)) or (after and number <= int(after)):
        return 200, []
    shown = {
        "id": world.guild_id,
        "name": world.state["guild"]["name"],
        "icon": None,
        "banner": None,
        "owner": False,
        "permissions": str(world.guild_bits(call.actor)),
        "features": [],
    }
    return 200, [shown | counts(world, call)]


def get_guild(world: World, call: Call) -> Answer:
    return 200, present_guild(world) | counts(world, call)


def present_guild(world: World) -> dict[str, Any]:
    """Return the guild in Discord's format."""
    return {
        **FIXED,
        "id": world.guild_id,
        "name": world.state["guild"]["name"],
        "owner_id": world.owner_id,
        "mfa_level": int(world.setting("two_factor")),
        "roles": roles.present_all(world),
    }


def counts(world: World, call: Call) -> dict[str, Any]:
    if not call.flag("with_counts"):
        return {}
    people = len(world.state["members"])
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
