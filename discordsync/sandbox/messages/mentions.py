"""Find who a message's text pings, by `allowed_mentions` and the author's permissions."""

import re
from collections.abc import Mapping
from typing import Any

from discordsync.sandbox import fields
from discordsync.sandbox.guild import Guild

USER = re.compile(r"<@!?([0-9]{1,20})>")
ROLE = re.compile(r"<@&([0-9]{1,20})>")
EVERYONE = re.compile(r"@(everyone|here)\b")
KINDS = ("users", "roles", "everyone")
IDS = fields.nullable(fields.listed(fields.snowflake, 100))


def read_kind(value: Any) -> str:
    if value not in KINDS:
        listed = ", ".join(f"'{kind}'" for kind in KINDS)
        raise fields.FieldError("BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")
    return str(value)


LISTS = fields.shape(
    {
        "parse": fields.nullable(fields.listed(read_kind, 3)),
        "users": IDS,
        "roles": IDS,
        "replied_user": fields.nullable(fields.flag),
    }
)


def read_allowed(value: Any) -> dict[str, Any] | None:
    """Return the request's allowed_mentions; None means that every mention may ping."""
    if value is None:
        return None
    raw = LISTS(value)
    allowed = {name: raw.get(name) or [] for name in ("parse", "users", "roles")}
    for kind in ("users", "roles"):
        if kind in allowed["parse"] and allowed[kind]:
            sentence = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            raise fields.FieldError("MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", sentence)
    return allowed


def resolve(
    guild: Guild, text: str, allowed: Mapping[str, Any] | None, *, may_mention_all: bool
) -> dict[str, Any]:
    """Return who `text` pings: {"mentions": user ids, "mention_roles": ids, "mention_everyone"}.

    Everyone, and roles that are not mentionable, require the author's MENTION_EVERYONE.
    """
    roles = [
        role_id
        for role_id in unique(ROLE.findall(text))
        if role_id in guild.state["roles"]
        and (may_mention_all or guild.state["roles"][role_id]["mentionable"])
        and is_allowed(allowed, "roles", role_id)
    ]
    users = [
        user_id
        for user_id in unique(USER.findall(text))
        if user_id in guild.state["users"] and is_allowed(allowed, "users", user_id)
    ]
    everyone = allowed is None or "everyone" in allowed["parse"]
    return {
        "mentions": users,
        "mention_roles": roles,
        "mention_everyone": bool(everyone and may_mention_all and EVERYONE.search(text)),
    }


def is_allowed(allowed: Mapping[str, Any] | None, kind: str, target_id: str) -> bool:
    return allowed is None or kind in allowed["parse"] or target_id in allowed[kind]


def unique(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(ids))
