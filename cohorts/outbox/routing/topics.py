"""Topics: the groups of message kinds for which people set a preference.

The app that owns a topic registers it; its kinds are the notifications that name it.  A kind
without a topic, such as the notice to the staff member who started “Realize”, goes by e-mail and
cannot be switched off separately.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter

from django.template import TemplateDoesNotExist
from django.template.engine import Engine

from cohorts.outbox.models import Message
from cohorts.outbox.registry import notifications
from cohorts.registries import Registry


@dataclass(frozen=True, slots=True)
class Topic:
    name: str
    title: str
    about: str
    may_be_off: bool

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(kind for kind, topic in topics_by_kind().items() if topic == self.name)


topics: Registry[Topic] = Registry("message topics", name_of=attrgetter("name"))


def all_topics() -> Mapping[str, Topic]:
    return dict(topics)


def topics_by_kind() -> Mapping[str, str]:
    """Return the topic's name by kind; kinds without a topic are left out."""
    return {name: kind.topic for name, kind in notifications.items() if kind.topic}


def has_template(kind: str, part: str) -> bool:
    """Return whether a kind has a template for `text`, `discord_dm` or `discord_channel`."""
    try:
        Engine.get_default().get_template(f"messages/{kind}/{part}.txt")
    except TemplateDoesNotExist:
        return False
    return True


def has_dm_template(kind: str) -> bool:
    return has_template(kind, Message.Channel.DISCORD_DM)
