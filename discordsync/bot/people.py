"""Who speaks to the bot."""

from __future__ import annotations

from dataclasses import dataclass

from cohorts.models import User


@dataclass(frozen=True, slots=True)
class Asker:
    """Somebody on Discord.  `is_admin`: an administrator of our server, as Discord itself said."""

    discord_id: int
    called: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose wish it is: a person of the roster, or nobody of it, by the name on Discord."""

    called: str
    person: User | None


def find_person(discord_id: int) -> User | None:
    """The person of the roster with this Discord account, unless their account here is closed."""
    return User.objects.filter(discord_id=discord_id, is_active=True).first()
