"""Discord's user object as plain values. Pure."""

import re
from collections.abc import Mapping
from typing import Any

from cohorts.models.people import match_address
from cohorts.services.account_matching import DiscordProfile

MAX_NAME_LENGTH = 80
MAX_EMAIL_LENGTH = 254
AVATAR = re.compile(r"(a_)?[0-9a-f]{32}")
EMAIL = re.compile(r"[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+")


def read_profile(data: Any) -> DiscordProfile:
    """Read the answer to `/users/@me`. Raises ValueError if it does not describe a person."""
    if not isinstance(data, Mapping) or not re.fullmatch(r"[0-9]{15,19}", str(data.get("id"))):
        raise ValueError("Discord's response contains no user")
    return DiscordProfile(
        discord_id=int(data["id"]),
        name=_clean(data.get("global_name")) or _clean(data.get("username")),
        avatar=_matching(AVATAR, data.get("avatar")),
        email=_read_email(data),
    )


def _read_email(data: Mapping[str, Any]) -> str:
    """Return the address only if it is ASCII and Discord states that it is verified."""
    if data.get("verified") is not True:
        return ""
    email = match_address(_matching(EMAIL, data.get("email"))) or ""
    return email if len(email) <= MAX_EMAIL_LENGTH else ""


def _matching(pattern: re.Pattern[str], text: Any) -> str:
    return text if isinstance(text, str) and pattern.fullmatch(text) else ""


def _clean(text: Any) -> str:
    """Return the text as one line without characters that databases or pages cannot hold."""
    if not isinstance(text, str):
        return ""
    return " ".join("".join(c for c in text if c.isprintable()).split())[:MAX_NAME_LENGTH]
