"""Render an answer as the JSON of Discord's API.  Pure."""

from collections.abc import Sequence
from typing import Any

from discordsync.bot.replies.bot_answer import BotAnswer, Button
from discordsync.delivery import discord_text

ROW, BUTTON, LINK = 1, 2, 5  # Discord's numbers for a row, a button and a link button
IN_A_ROW, ROWS = 5, 5
MOST_BUTTONS = IN_A_ROW * ROWS
LABEL_LENGTH = 80

Json = dict[str, Any]


def render(answer: BotAnswer) -> Json:
    """Return the body of a message that pings no one, regardless of the names in it."""
    return {
        "content": discord_text.fit(answer.text),
        "components": render_buttons(answer.buttons),
        "allowed_mentions": {"parse": []},
    }


def render_buttons(buttons: Sequence[Button]) -> list[Json]:
    """Return rows of at most five buttons.  Buttons beyond Discord's limit are left out."""
    shown = [_render_button(button) for button in buttons[:MOST_BUTTONS]]
    return [
        {"type": ROW, "components": shown[start : start + IN_A_ROW]}
        for start in range(0, len(shown), IN_A_ROW)
    ]


def _render_button(button: Button) -> Json:
    label = discord_text.shorten(discord_text.clean(button.label), LABEL_LENGTH)
    if button.request is None:
        return {"type": BUTTON, "style": LINK, "label": label, "url": button.url}
    return {
        "type": BUTTON,
        "style": button.style.value,
        "label": label,
        "custom_id": button.request.custom_id,
    }
