"""“I'll come”, “Maybe”, “I can't”: the buttons under a reminder, and what they do.

Anyone in the group's channel can press them.  The RSVP is stored for the person who presses, if
they are a member or a guest.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cohorts.errors import Refusal
from cohorts.models import User
from discordsync.bot.replies.bot_answer import BotAnswer, Button, ButtonStyle
from discordsync.bot.replies.learners import (
    cancel_button,
    find_open_visit,
    option_buttons,
    options_text,
    page_button,
)
from discordsync.bot.replies.rendering import Json, render_buttons
from discordsync.bot.replies.requests import BotRequest
from discordsync.bot.replies.substitute_buttons import find_button, offer_buttons
from discordsync.bot.replies.times import format_span, format_zone
from discordsync.delivery.discord_text import escape
from guestvisits.services.alternatives import find_alternatives
from guestvisits.substitutes.selectors import find_led
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp

Rsvp = Attendance.Rsvp

RSVPS = {"yes": Rsvp.ATTENDING, "maybe": Rsvp.TENTATIVE, "no": Rsvp.NOT_ATTENDING}
CONFIRMATIONS = {
    Rsvp.ATTENDING: "You're coming",
    Rsvp.TENTATIVE: "You might come",
    Rsvp.NOT_ATTENDING: "You can't come",
}


def find_reminder_buttons(context: Mapping[str, Any]) -> tuple[Json, ...]:
    """Return the buttons in Discord's format; none for a message that needs no response."""
    match context:
        case {"meeting": int(meeting_id)}:
            return tuple(render_buttons(reminder_buttons(meeting_id)))
    return ()


def find_offer_buttons(context: Mapping[str, Any]) -> tuple[Json, ...]:
    match context:
        case {"offer": int(offer_id)}:
            return tuple(render_buttons(offer_buttons(offer_id)))
    return ()


def reminder_buttons(meeting_id: int) -> tuple[Button, ...]:
    return (
        Button("I'll come", BotRequest("say", (meeting_id, "yes")), style=ButtonStyle.GOOD),
        Button("Maybe", BotRequest("say", (meeting_id, "maybe"))),
        Button("I can't", BotRequest("say", (meeting_id, "no"))),
    )


def say(person: User, meeting_id: int, word: str, now: datetime) -> BotAnswer:
    """Store the RSVP; a person who cannot attend is offered the open alternatives at once."""
    try:
        attendance = set_rsvp(meeting_id, person.pk, RSVPS.get(word, word), now=now)
    except Refusal as refusal:
        return _refuse(refusal, person, meeting_id, now)
    meeting = Meeting.objects.select_related("group").get(pk=meeting_id)
    rsvp = Rsvp(attendance.rsvp)
    text = f"{CONFIRMATIONS[rsvp]}: {_name(meeting, person)}."
    if rsvp != Rsvp.NOT_ATTENDING:
        return BotAnswer(text, (page_button("my-meetings"),))
    if attendance.is_guest:
        return _ask_guest(text, person, meeting)
    return _offer_alternatives(text, person, meeting, now)


def _refuse(refusal: Refusal, person: User, meeting_id: int, now: datetime) -> BotAnswer:
    led = find_led(person.pk, meeting_id, now) if refusal.code == "no_meeting" else None
    if led is not None:
        return BotAnswer(
            "You lead this meeting as a substitute, so you are expected. If you can't, say so on "
            "its page.",
            (page_button("substitution", led.pk),),
        )
    if refusal.code == "no_meeting":
        return BotAnswer(
            "This is not one of your meetings: you are not in this group and not visiting it. Use "
            "/my-meetings to see your own.",
            (page_button("my-meetings"),),
        )
    visit = find_open_visit(person, home_meeting=meeting_id)
    buttons = (cancel_button(visit),) if refusal.code == "away" and visit else ()
    return BotAnswer(refusal.sentence, (*buttons, page_button("my-meetings")))


def _ask_guest(text: str, person: User, meeting: Meeting) -> BotAnswer:
    """Confirm that the guest declined.  This keeps the visit: cancelling it is their own choice."""
    visit = find_open_visit(person, host_meeting=meeting.pk)
    if visit is None:
        return BotAnswer(text)
    return BotAnswer(
        f"{text} Your visit stays booked until you cancel it. If you cancel it, you can attend "
        "your own group's meeting again.",
        (cancel_button(visit), page_button("my-meetings")),
    )


def _offer_alternatives(text: str, person: User, meeting: Meeting, now: datetime) -> BotAnswer:
    found = find_alternatives(person.pk, meeting.pk, now)
    if found.refusal:
        return BotAnswer(text, (*find_button(person, meeting), page_button("my-meetings")))
    # The RSVP was just given, so leave out the button that only gives it.
    buttons = tuple(
        b for b in option_buttons(found, person) if b.request is None or b.request.name != "say"
    )
    return BotAnswer(f"{text}\n{options_text(found, person)}", buttons)


def _name(meeting: Meeting, person: User) -> str:
    group = escape(meeting.group.name)
    return f"{format_span(meeting, person)} ({format_zone(person)}), {group}, {meeting.label}"
