"""Render messages from templates in templates/messages/<kind>/, which the admin can preview.

    subject.txt, text.txt, body.html    an e-mail
    discord_channel.txt                 a message in the group's channel
    discord_dm.txt                      a direct message

Only *.html is escaped for HTML.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.template import Context, TemplateDoesNotExist
from django.template.engine import Engine

from cohorts.outbox.models import Message
from cohorts.outbox.registry import channels, notifications
from cohorts.outbox.rendering.links import page_url, unsubscribe_url
from cohorts.outbox.rendering.plain_text import clean, shorten

SUBJECT_LENGTH = 150


@dataclass(frozen=True, slots=True)
class MessageContent:
    """The rendered text of a message.  `subject` and `html` are empty on Discord."""

    subject: str
    text: str
    html: str


def get_content(message: Message, now: datetime) -> MessageContent:
    """Return the text that was stored before the first attempt, or else render it now.

    Raises MessageObsolete, except for a message that may have arrived already, and any error of a
    broken template or context.
    """
    if not message.body:
        return render(message, now)
    if message.state == Message.State.PENDING:
        _context(message, now)
    return MessageContent(message.subject, message.body, message.html)


def render(message: Message, now: datetime, *, channel: str = "") -> MessageContent:
    """Render the message for its own channel or, in a preview, for `channel`.

    Raises MessageObsolete.
    """
    context, channel = _context(message, now), channel or message.channel
    if channel != Message.Channel.EMAIL:
        text = _render_template(message, channel, context)
        return MessageContent("", channels[channel].fit(text), "")
    subject = clean(_render_template(message, "subject", context))
    return MessageContent(
        shorten(subject, SUBJECT_LENGTH),
        _render_template(message, "text", context).strip() + "\n",
        _render_template(message, "body", context, suffix="html"),
    )


def _context(message: Message, now: datetime) -> dict[str, Any]:
    return {
        "message": message,
        "group": message.group,
        "person": message.user,
        "site_url": settings.SITE_URL,
        "meetings_url": page_url("my-meetings"),
        "preferences_url": page_url("choose-messages"),
        "unsubscribe_url": unsubscribe_url(message.user_id) if message.user_id else "",
        **notifications[message.kind].context_of(message, now),
    }


def has_template(kind: str, part: str) -> bool:
    """Return whether a kind has a template for `text`, `discord_dm` or `discord_channel`."""
    try:
        Engine.get_default().get_template(f"messages/{kind}/{part}.txt")
    except TemplateDoesNotExist:
        return False
    return True


def has_dm_template(kind: str) -> bool:
    return has_template(kind, Message.Channel.DISCORD_DM)


def _render_template(
    message: Message, part: str, context: dict[str, Any], *, suffix: str = "txt"
) -> str:
    template = Engine.get_default().get_template(f"messages/{message.kind}/{part}.{suffix}")
    return template.render(Context(context, autoescape=suffix == "html"))
