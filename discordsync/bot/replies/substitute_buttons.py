"""Substitutes by the bot: “I can't lead”, “I'll lead”, “I can't”, as on the pages."""

from datetime import datetime

from cohorts.models import User
from discordsync.bot.replies.bot_answer import BotAnswer, Button, ButtonStyle
from discordsync.bot.replies.learners import page_button
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.times import format_span, format_zone
from discordsync.delivery.discord_text import escape
from guestvisits.models import Substitution
from guestvisits.substitutes.facts import others_who_come
from guestvisits.substitutes.selectors import find_substitute
from guestvisits.substitutes.services import (
    answer_offer,
    request_substitute,
    return_to_lead,
)
from meetings.models import Meeting
from meetings.selectors import facilitates


def offer_buttons(offer_id: int) -> tuple[Button, ...]:
    return (
        Button("I'll lead", BotRequest("lead", (offer_id, "yes")), style=ButtonStyle.GOOD),
        Button("I can't", BotRequest("lead", (offer_id, "no"))),
    )


def find_button(person: User, meeting: Meeting) -> tuple[Button, ...]:
    """Return the button that looks for a substitute, for a facilitator without another one."""
    if not facilitates(person, meeting.group_id) or others_who_come(meeting, person.pk):
        return ()
    return (Button("Find a substitute", BotRequest("substitute", (meeting.pk,))),)


def request(person: User, meeting_id: int, now: datetime) -> BotAnswer:
    """Look for a substitute, and offer the way back."""
    found = request_substitute(meeting_id, person.pk, now=now)
    led = find_substitute(found)
    who = f"{escape(led.user.display_name)} leads" if led else "We are looking for someone to lead"
    back = Button("I can lead after all", BotRequest("return", (found.pk,)))
    return BotAnswer(f"{who} {_name(found, person)}.", (back, _page(found)))


def give_back(person: User, substitution_id: int, now: datetime) -> BotAnswer:
    found = return_to_lead(substitution_id, person.pk, now=now)
    return BotAnswer(f"You lead {_name(found, person)}.", (_page(found),))


def lead(person: User, offer_id: int, word: str, now: datetime) -> BotAnswer:
    """Record the answer to an offer: "yes", or anything else for no."""
    offer = answer_offer(offer_id, person.pk, leads=word == "yes", now=now)
    found = offer.substitution
    if offer.leads:
        text = f"Thank you! You lead {_name(found, person)}."
    else:
        text = "Your answer is saved. Thank you for answering."
    return BotAnswer(text, (_page(found),))


def _page(found: Substitution) -> Button:
    return page_button("substitution", found.pk)


def _name(found: Substitution, person: User) -> str:
    meeting = found.meeting
    when = f"{format_span(meeting, person)} ({format_zone(person)})"
    return f"{escape(meeting.group.name)}, {meeting.label}, {when}"
