"""Reading a page as a person does."""

from __future__ import annotations

import html
import re
from typing import Any


def text_of(answer: Any) -> str:
    """The page's text without markup, scripts and repeated spaces."""
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", answer.content.decode(), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def messages_of(answer: Any) -> list[str]:
    """What the page says after an action."""
    return [str(message) for message in answer.context["messages"]]


def hidden_of(answer: Any) -> dict[str, str]:
    """The page's hidden fields, which a browser sends along."""
    found = re.findall(
        r'<input type="hidden" name="([^"]+)" value="([^"]*)"', answer.content.decode()
    )
    return {name: html.unescape(value) for name, value in found if name != "csrfmiddlewaretoken"}
