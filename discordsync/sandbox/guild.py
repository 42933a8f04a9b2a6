"""The state of one guild, and the queries that all resources share.

The state is plain dictionaries with ids as text, so that `dump` is JSON and `load(dump())` changes
nothing:

    guild        id, name, owner_id                 settings     see SETTINGS
    bot_id, bot_role_id, application_id             last_id      the newest snowflake
    users        id -> username, bot, dm_closed     members      id -> joined_at, roles
    roles        id -> role                         channels     id -> channel, with overwrites
    dms          id -> recipient_id, opened_at      messages     channel id -> {id -> message}
    nonces       list of author, nonce, message     events       id -> scheduled event
    audit        list of entries, audit_count       voice        user id -> voice state
    commands     id -> application command          commands_made list of guild_id, at
    interactions id -> interaction, see interactions/record.py
    oauth        see oauth.py

A user may have an e-mail address (email, verified), an avatar and a global_name.
"""

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from discordsync.sandbox import fields, permissions
from discordsync.sandbox.errors import refuse
from discordsync.sandbox.permissions import ELEVATED, Bit
from discordsync.sandbox.snowflakes import is_plausible, next_snowflake

DEFAULT_GUILD_ID = 1_100_000_000_000_000_001

DM_LIMIT = fields.shape(
    {"channels": fields.whole(0), "minutes": fields.whole(1)}, required=("channels", "minutes")
)
REDIRECT_URIS = fields.listed(fields.text(1, 2048), 10)
# Each setting's default, and the check of another value.
SETTINGS: dict[str, tuple[Any, fields.Check]] = {
    # May the whole member list be read, may the bot see who is online, and read others' messages?
    "members_intent": (True, fields.flag),
    "presences_intent": (False, fields.flag),
    "message_content_intent": (False, fields.flag),
    # New direct-message channels; None is no limit.
    "dm_limit": ({"channels": 10, "minutes": 10}, fields.nullable(DM_LIMIT)),
    # Must new members accept the rules first, and which accounts are banned or in 100 guilds?
    "membership_screening": (False, fields.flag),
    "banned": ([], fields.listed(fields.snowflake, 1000)),
    "in_too_many_guilds": ([], fields.listed(fields.snowflake, 1000)),
    # The guild requires two-factor sign-in and the bot's owner does not use it.
    "two_factor": (False, fields.flag),
    # The other readings of assumptions: are hidden channels listed, and do they count; do edits
    # check the category's bits; do channels follow their category; does a new role raise the
    # others, and does it get the permissions of @everyone?
    "hidden_listed": (False, fields.flag),
    "hidden_counted": (True, fields.flag),
    "edits_check_category": (True, fields.flag),
    "channels_follow_category": (True, fields.flag),
    "new_role_raises_others": (True, fields.flag),
    "new_role_copies_everyone": (True, fields.flag),
    # An event that was not started is cancelled after this.
    "event_grace_hours": (3, fields.whole(0)),
    # How long a nonce is remembered.
    "nonce_minutes": (5, fields.whole(0)),
    # How late audit-log entries appear; every n-th is missing, 0 for none.
    "audit_delay_seconds": (5, fields.whole(0)),
    "audit_hole_every": (7, fields.whole(0)),
    # Allowed redirect URIs; None is any on this machine.
    "redirect_uris": (None, fields.nullable(REDIRECT_URIS)),
    # Was the bot invited with applications.commands?
    "commands_scope": (True, fields.flag),
    # Does the gateway accept connections, and how often must a client send a heartbeat?
    "gateway_open": (True, fields.flag),
    "heartbeat_seconds": (41.25, fields.amount(0.05, 3600)),
    # The pause between two identifies, and between two requests for all members, in real time.
    "identify_seconds": (5, fields.amount(0, 3600)),
    "all_members_seconds": (30, fields.amount(0, 3600)),
    # An interaction without an answer fails after this; how long its token is valid.
    "interaction_seconds": (3, fields.amount(0, 3600)),
    "interaction_minutes": (15, fields.amount(0, 3600)),
}


Listener = Callable[[str, Mapping[str, Any]], None]


class Guild:
    """The state of one guild and its clock. All ids are text, all times aware UTC.

    Every change is reported as a gateway event to the `listeners` (which include the gateway).
    """

    def __init__(self, *, now: Callable[[], datetime], guild_id: int = DEFAULT_GUILD_ID) -> None:
        self.now = now
        self.guild_id = str(guild_id)
        self.state: dict[str, Any] = {}
        self.listeners: list[Listener] = []
        self.reset()

    def reset(self) -> None:
        """Create a new guild with its owner, the bot with its own role, and @everyone."""
        self.state = new_state(self.guild_id)
        self.state["bot_id"] = self.new_id()
        self.state["application_id"] = self.state["bot_id"]
        self.state["bot_role_id"] = self.new_id()
        self.state["guild"]["owner_id"] = self.new_id()
        people = {self.bot_id: ("Lens", True), self.owner_id: ("owner", False)}
        for user_id, (username, is_bot) in people.items():
            self.state["users"][user_id] = new_user(user_id, username, bot=is_bot)
            self.state["members"][user_id] = {"joined_at": self.timestamp(), "roles": []}
        self.state["members"][self.bot_id]["roles"] = [self.state["bot_role_id"]]
        self.state["roles"][self.state["bot_role_id"]] = new_role(
            self.state["bot_role_id"],
            name="Lens",
            permissions=permissions.LEAST_PRIVILEGED,
            position=1,
            bot_id=self.bot_id,
        )

    def dump(self) -> dict[str, Any]:
        """Return a copy of the state, as JSON-able data."""
        return copy.deepcopy(self.state)

    def load(self, data: dict[str, Any]) -> None:
        """Replace the state by a dump; what an older dump lacks gets its default."""
        self.state = new_state(data["guild"]["id"]) | copy.deepcopy(data)
        self.state["settings"] = default_settings() | self.state["settings"]
        self.state.setdefault("oauth", new_oauth())
        self.guild_id = self.state["guild"]["id"]

    @property
    def bot_id(self) -> str:
        return str(self.state["bot_id"])

    @property
    def owner_id(self) -> str:
        return str(self.state["guild"]["owner_id"])

    def emit(self, event: str, data: Mapping[str, Any]) -> None:
        """Report what has just happened: a gateway event's name and its data."""
        for listener in self.listeners:
            listener(event, data)

    def setting(self, name: str) -> Any:
        return self.state["settings"][name]

    def timestamp(self) -> str:
        return self.now().isoformat()

    def ago(self, **duration: float) -> str:
        """Return the time that long ago; times in the state can be compared as text."""
        return (self.now() - timedelta(**duration)).isoformat()

    def new_id(self) -> str:
        self.state["last_id"] = next_snowflake(self.state["last_id"])
        return str(self.state["last_id"])

    def channel(self, channel_id: str) -> dict[str, Any]:
        """Return the guild channel; refuses with 10003 if there is none."""
        return self.known("channels", channel_id, "unknown_channel")

    def role(self, role_id: str) -> dict[str, Any]:
        return self.known("roles", role_id, "unknown_role")

    def member(self, user_id: str) -> dict[str, Any]:
        """Return the member.  An implausible id is an unknown user, any other one not a member."""
        is_user = user_id in self.state["users"] or is_plausible(user_id)
        return self.known("members", user_id, "unknown_member" if is_user else "unknown_user")

    def known(self, kind: str, key: str, refusal: str) -> dict[str, Any]:
        found: dict[str, Any] | None = self.state[kind].get(key)
        if found is None:
            raise refuse(refusal)
        return found

    def guild_bits(self, actor: str) -> int:
        return permissions.in_guild(self.state, actor)

    def require_in_guild(self, actor: str, bits: int) -> None:
        """Refuse (403) unless the actor has these bits in the whole guild."""
        self.check_bits(actor, self.guild_bits(actor), bits)

    def require_in_channel(self, actor: str, channel_id: str, bits: int) -> None:
        """Refuse (403) unless the actor sees the channel (50001) and has the bits there (50013)."""
        if not permissions.sees(self.state, actor, channel_id):
            raise refuse("missing_access")
        self.check_bits(actor, permissions.effective(self.state, actor, channel_id), bits)

    def lacks_in_channel(self, actor: str, channel_id: str, bits: int) -> int:
        """Return those of the bits that the actor does not have in the channel."""
        return bits & ~permissions.effective(self.state, actor, channel_id)

    def check_bits(self, actor: str, held: int, needed: int) -> None:
        if needed & ~held:
            raise refuse("missing_permissions")
        if needed & ELEVATED and self.setting("two_factor") and actor == self.bot_id:
            raise refuse("two_factor_required")

    def require_below(self, actor: str, role: dict[str, Any]) -> None:
        """Refuse (403) unless the role is below the actor's highest; the owner is above all."""
        if actor != self.owner_id and permissions.rank(role) >= permissions.top_rank(
            self.state, actor
        ):
            raise refuse("missing_permissions")

    def is_administrator(self, actor: str) -> bool:
        return bool(self.guild_bits(actor) & Bit.ADMINISTRATOR)


def new_state(guild_id: str) -> dict[str, Any]:
    return {
        "guild": {"id": guild_id, "name": "Sandbox", "owner_id": "0"},
        "settings": default_settings(),
        "last_id": "0",
        "users": {},
        "members": {},
        "roles": {guild_id: new_role(guild_id, name="@everyone", permissions=permissions.EVERYONE)},
        "channels": {},
        "dms": {},
        "messages": {},
        "nonces": [],
        "events": {},
        "audit": [],
        "audit_count": 0,
        "oauth": new_oauth(),
        "voice": {},
        "commands": {},
        "commands_made": [],
        "interactions": {},
    }


def default_settings() -> dict[str, Any]:
    return {name: copy.deepcopy(default) for name, (default, _) in SETTINGS.items()}


def new_oauth() -> dict[str, Any]:
    return {"codes": {}, "grants": {}}


def new_user(
    id: str,  # noqa: A002 - named as in the state
    username: str,
    *,
    bot: bool = False,
    dm_closed: bool = False,
    **account: Any,
) -> dict[str, Any]:
    """Return a user.  `account`: any of email, verified, avatar, global_name."""
    return {"id": id, "username": username, "bot": bot, "dm_closed": dm_closed, **account}


def new_role(
    role_id: str,
    *,
    name: str,
    permissions: int,
    position: int = 0,
    bot_id: str | None = None,
) -> dict[str, Any]:
    return {
        "id": role_id,
        "name": name,
        "permissions": permissions,
        "position": position,
        "color": 0,
        "hoist": False,
        "mentionable": False,
        "bot_id": bot_id,
    }
