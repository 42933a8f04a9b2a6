"""The people who use the bot."""

from dataclasses import dataclass

from cohorts.models import User


@dataclass(frozen=True, slots=True)
class BotUser:
    """A user of the bot.  `is_admin`: an administrator of our server, according to Discord."""

    discord_id: int
    called: str
    is_admin: bool = False


@dataclass(frozen=True, slots=True)
class Requester:
    """Who requested something: a person in our database or None, and the name on Discord."""

    called: str
    person: User | None


def find_person(discord_id: int) -> User | None:
    """Return the person with this Discord account, unless their account here is closed."""
    return User.objects.filter(discord_id=discord_id, is_active=True).first()
