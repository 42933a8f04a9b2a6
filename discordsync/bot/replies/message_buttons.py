"""The buttons under messages of the outbox, by kind.  Pure.

Lower layers know no buttons: their messages have a text and a context with the ids of its subject.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from discordsync.bot.replies.answers import Button, ButtonStyle
from discordsync.bot.replies.rendering import Json, render_buttons
from discordsync.bot.replies.requests import BotRequest


def components_of(kind: str, context: Mapping[str, Any]) -> tuple[Json, ...]:
    """Return the buttons in Discord's format; none for a message that needs no response."""
    match kind, context:
        case "reminder", {"meeting": int(meeting_id)}:
            return tuple(render_buttons(reminder_buttons(meeting_id)))
    return ()


def reminder_buttons(meeting_id: int) -> tuple[Button, ...]:
    return (
        Button("I'll come", BotRequest("say", (meeting_id, "yes")), style=ButtonStyle.GOOD),
        Button("Maybe", BotRequest("say", (meeting_id, "maybe"))),
        Button("I can't", BotRequest("say", (meeting_id, "no"))),
    )
