"""Topics: the groups of message kinds for which people set a preference.

settings.MESSAGE_TOPICS lists them.  A kind without a topic, such as the notice to the staff member
who started “Realize”, goes by e-mail and cannot be switched off separately.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.template import TemplateDoesNotExist
from django.template.engine import Engine

from cohorts.messages.models import Message


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    title: str
    about: str
    kinds: tuple[str, ...]
    may_be_off: bool


def all_topics() -> Mapping[str, Topic]:
    topics: list[dict[str, Any]] = settings.MESSAGE_TOPICS
    return {row["name"]: Topic(**row) for row in topics}


def topics_by_kind() -> Mapping[str, str]:
    """Return the topic's name by kind; kinds without a topic are left out."""
    return {kind: topic.name for topic in all_topics().values() for kind in topic.kinds}


def speaks(kind: str, part: str) -> bool:
    """Return whether a kind has a template for `text`, `discord_dm` or `discord_channel`."""
    try:
        Engine.get_default().get_template(f"messages/{kind}/{part}.txt")
    except TemplateDoesNotExist:
        return False
    return True


def speaks_directly(kind: str) -> bool:
    return speaks(kind, Message.Channel.DISCORD_DM)
