"""All verbs of the bot: who may use them, their arguments, and the functions that answer."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts.errors import Refusal
from discordsync.bot.replies import administrators, learners, rsvp_buttons
from discordsync.bot.replies.answers import BotAnswer
from discordsync.bot.replies.requests import Argument, BotRequest
from discordsync.bot.replies.users import Asked, Asker, find_person

logger = logging.getLogger(__name__)

FORBIDDEN = "Only administrators of this server can do this."
OUTDATED = "This button is out of date. Use the command again."
MISTAKE = "Something went wrong. The error was logged for the staff. Try again in a minute."


@dataclass(frozen=True, slots=True)
class Verb:
    """A function that answers asks, with the types of its arguments (`takes`).

    Called with (person, *args, now) for learners.  For administrators it is called with args only,
    preceded by who asked if that is stored (`signed`).
    """

    function: Callable[..., BotAnswer]
    takes: tuple[type | tuple[type, ...], ...] = ()
    for_admins: bool = False
    signed: bool = False

    def fits(self, args: tuple[Argument, ...]) -> bool:
        return len(args) == len(self.takes) and all(map(isinstance, args, self.takes))


ID = SECONDS = int
WORD = (str, int)  # a word of digits arrives as a number

VERBS: Mapping[str, Verb] = {
    "meetings": Verb(learners.my_meetings),
    "away": Verb(learners.cannot_attend),
    "choose": Verb(learners.choose),
    "cannot": Verb(learners.alternatives, (ID,)),
    "book": Verb(learners.book, (ID, ID, SECONDS)),
    "cancel": Verb(learners.cancel, (ID,)),
    "say": Verb(rsvp_buttons.say, (ID, str)),
    "realize": Verb(administrators.realize, (WORD,), for_admins=True, signed=True),
    "plan": Verb(administrators.plan, (WORD,), for_admins=True),
    "confirm": Verb(administrators.confirm, (WORD,), for_admins=True, signed=True),
    "progress": Verb(administrators.progress, (WORD, ID, ID), for_admins=True),
}


def carry_out(ask: BotRequest, asker: Asker, *, now: datetime) -> BotAnswer:
    """Answer an ask.  Never raises: an unexpected exception is logged and answered with MISTAKE."""
    verb = VERBS.get(ask.verb)
    if verb is None or not verb.fits(ask.args):
        return BotAnswer(OUTDATED)
    try:
        return _carry_out(verb, ask.args, asker, now)
    except Refusal as refusal:
        return BotAnswer(refusal.sentence)
    except Exception:
        logger.exception("The bot could not respond to “%s”", ask.verb)
        return BotAnswer(MISTAKE)


def _carry_out(verb: Verb, args: tuple[Any, ...], asker: Asker, now: datetime) -> BotAnswer:
    person = find_person(asker.discord_id)
    if verb.for_admins:
        if not asker.is_admin:
            return BotAnswer(FORBIDDEN)
        signature = (Asked(asker.called, person),) if verb.signed else ()
        return verb.function(*signature, *args)
    if person is None:
        return BotAnswer(greet_stranger())
    return verb.function(person, *args, now)


def greet_stranger() -> str:
    return (
        "I don't know your Discord account yet, so I can't find your group. Sign in once at "
        f"{settings.SITE_URL}/meetings/ or give the staff your Discord account. Then try again."
    )
