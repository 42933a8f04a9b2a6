"""People's preferences: which messages reach them on which channel."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import User
from cohorts.outbox.models import MessageChoice
from cohorts.outbox.registry import Topic, topics
from cohorts.outbox.rendering.render import has_dm_template
from cohorts.outbox.routing.dm_channels import DmStatus, find_dm_status
from cohorts.selectors import facilitates

Route = MessageChoice.Route


@dataclass(frozen=True, slots=True)
class TopicChoice:
    """One topic, the person's choice for it, and the available choices."""

    topic: Topic
    chosen: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choices:
    topics: tuple[TopicChoice, ...]
    wants_email: bool
    wants_discord: bool
    dm_status: DmStatus


def read_choices(user_id: int, now: datetime) -> Choices:
    """Return a person's preferences for the topics that concern them, with five queries."""
    person, dm_status = User.objects.get(pk=user_id), find_dm_status(user_id, now)
    chosen = dict(MessageChoice.objects.filter(user=user_id).values_list("topic", "route"))
    is_facilitator = facilitates(user_id)
    choices = (
        TopicChoice(topic, chosen.get(topic.name, Route.EMAIL), _options(topic, dm_status, chosen))
        for topic in topics.values()
        if is_facilitator or not topic.for_facilitators
    )
    return Choices(tuple(choices), person.wants_email, person.wants_discord, dm_status)


def _options(topic: Topic, dm_status: DmStatus, chosen: Mapping[str, str]) -> tuple[str, ...]:
    """Return the available choices: direct messages only for people who use the bot or chose them
    before."""
    options = [Route.EMAIL.value]
    has_dm = any(has_dm_template(kind) for kind in topic.kinds)
    if has_dm and (dm_status is not DmStatus.NEVER or chosen.get(topic.name) == Route.DISCORD_DM):
        options.append(Route.DISCORD_DM.value)
    if topic.may_be_off:
        options.append(Route.OFF.value)
    return tuple(options)


@transaction.atomic
def choose(
    user_id: int,
    wanted: Mapping[str, str],
    *,
    wants_email: bool | None = None,
    wants_discord: bool | None = None,
    now: datetime,
) -> Choices:
    """Store a person's preferences, {topic: way}; topics that are not included are left unchanged.

    Raises Refusal: no_such_topic, not_open_to_you.
    """
    before = read_choices(user_id, now)
    open_to_person = {one.topic.name: one.options for one in before.topics}
    for topic, way in wanted.items():
        if topic not in open_to_person:
            raise Refusal("no_such_topic", f"There is no message topic “{topic}”.")
        if way not in open_to_person[topic]:
            raise Refusal("not_open_to_you", _why_not(topics[topic], way))
    for topic, way in wanted.items():
        MessageChoice.objects.update_or_create(
            user_id=user_id, topic=topic, defaults={"route": way}
        )
    fields = {"wants_email": wants_email, "wants_discord": wants_discord}
    changed = {name: value for name, value in fields.items() if value is not None}
    if changed:
        User.objects.filter(pk=user_id).update(**changed)
    after = read_choices(user_id, now)
    if changes := _compare(before, after):
        record("preferences_changed", person=user_id, changes=changes)
    return after


def _compare(before: Choices, after: Choices) -> dict[str, list[object]]:
    """Return what changed, by its title, as people read it."""
    found: dict[str, list[object]] = {
        one.topic.title: [Route(old.chosen).label, Route(one.chosen).label]
        for old, one in zip(before.topics, after.topics, strict=True)
        if old.chosen != one.chosen
    }
    for title, name in (
        ("Messages by e-mail", "wants_email"),
        ("Messages on Discord", "wants_discord"),
    ):
        values = [getattr(before, name), getattr(after, name)]
        if values[0] != values[1]:
            found[title] = values
    return found


def _why_not(topic: Topic, way: str) -> str:
    if way == Route.DISCORD_DM:
        return "Use the bot on Discord once so that it can send you direct messages."
    if way == Route.OFF:
        return (
            f"“{topic.title}” cannot be turned off: these messages are about things you agreed to."
        )
    return f"“{way}” is not a delivery option."
