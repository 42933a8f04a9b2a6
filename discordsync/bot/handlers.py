"""All requests to the bot: who may make them, their arguments, and the functions that answer."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings

from cohorts.activity.recording import acting_as
from cohorts.errors import Refusal
from cohorts.models import User
from discordsync.bot.replies import administrators, learners, rsvp_buttons, substitute_buttons
from discordsync.bot.replies.bot_answer import BotAnswer
from discordsync.bot.replies.requests import Argument, BotRequest
from discordsync.bot.replies.users import BotUser, Requester, find_person

logger = logging.getLogger(__name__)

FORBIDDEN = "Only administrators of this server can do this."
OUTDATED = "This button is out of date. Use the command again."
ERROR = "Something went wrong. The error was logged for the staff. Try again in a minute."


@dataclass(frozen=True, slots=True)
class Handler:
    """A function that answers requests, with the types of its arguments (`takes`).

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

HANDLERS: Mapping[str, Handler] = {
    "meetings": Handler(learners.my_meetings),
    "away": Handler(learners.cannot_attend),
    "choose": Handler(learners.choose),
    "cannot": Handler(learners.alternatives, (ID,)),
    "book": Handler(learners.book, (ID, ID, SECONDS)),
    "cancel": Handler(learners.cancel, (ID,)),
    "say": Handler(rsvp_buttons.say, (ID, str)),
    "substitute": Handler(substitute_buttons.request, (ID,)),
    "return": Handler(substitute_buttons.give_back, (ID,)),
    "lead": Handler(substitute_buttons.lead, (ID, str)),
    "realize": Handler(administrators.realize, (WORD,), for_admins=True, signed=True),
    "plan": Handler(administrators.plan, (WORD,), for_admins=True),
    "confirm": Handler(administrators.confirm, (WORD,), for_admins=True, signed=True),
    "progress": Handler(administrators.progress, (WORD, ID, ID), for_admins=True),
}


def answer_request(request: BotRequest, user: BotUser, *, now: datetime) -> BotAnswer:
    """Answer a request.  Never raises: an unexpected exception is logged, the answer is ERROR."""
    handler = HANDLERS.get(request.name)
    if handler is None or not handler.fits(request.args):
        return BotAnswer(OUTDATED)
    try:
        person = find_person(user.discord_id)
        with acting_as(person.pk if person else None):
            return _answer(handler, request.args, user, person, now)
    except Refusal as refusal:
        return BotAnswer(refusal.sentence)
    except Exception:
        logger.exception("The bot could not respond to “%s”", request.name)
        return BotAnswer(ERROR)


def _answer(
    handler: Handler, args: tuple[Any, ...], user: BotUser, person: User | None, now: datetime
) -> BotAnswer:
    if handler.for_admins:
        if not user.is_admin:
            return BotAnswer(FORBIDDEN)
        signature = (Requester(user.called, person),) if handler.signed else ()
        return handler.function(*signature, *args)
    if person is None:
        return BotAnswer(explain_unknown_account())
    return handler.function(person, *args, now)


def explain_unknown_account() -> str:
    return (
        "I don't know your Discord account yet, so I can't find your group. Sign in once at "
        f"{settings.SITE_URL}/meetings/ or give the staff your Discord account. Then try again."
    )
