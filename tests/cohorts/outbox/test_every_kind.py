"""Every kind of message on every route, with any names of people, groups and channels."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest

from cohorts.models import Cohort, Course, Group, User
from cohorts.outbox.email.composing import compose_email
from cohorts.outbox.models import Message
from cohorts.outbox.registry import notifications, topic_of, topics
from cohorts.outbox.rendering.render import MessageContent, has_dm_template, has_template
from cohorts.outbox.rendering.samples import Sample, preview_channels
from discordsync.delivery import discord_text
from discordsync.models import DiscordObject
from tests.cohorts.outbox.every_kind import live_through

pytestmark = pytest.mark.django_db

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
HOSTILE = [
    "@everyone @here <@1> <@&2> <#3> <@!4>",
    "<script>alert(1)</script><b onclick=x>\"'>",
    "**bold** `code` ||spoiler|| [a](https://evil.example) # title",
    "> quote\n# title\n- list\n@everyone",
    "line\r\nbreak\r\nBcc: eve@example.org",
    "\u202eright to left\u202c\u2066 עברית",
    "{{ person.password }}{% debug %}",
    "x" * 200,
    "é*@" * 67,
    "\U0001f600" * 100,
]
TAGS = {"html", "head", "meta", "title", "body", "div", "h2", "p", "ul", "li"}
TAGS |= {"ol", "strong", "bdi", "a", "s", "br"}
ENOUGH = 2  # texts of a kind to people, and as many to channels
OURS = ("https://lens.example/", "https://discord.com/channels/", "https://discord.gg/ours")
BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")
SEEN_BY_DISCORD = re.compile(r"<[@#][!&]?(\d+)>|@(everyone|here)")


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.fixture
def lived(without_providers, settings) -> None:
    settings.SITE_URL = "https://lens.example"
    settings.DISCORD_INVITE_URL = "https://discord.gg/ours"


def rename_everything(name: str) -> None:
    """As long as each column takes it; groups differ, since a cohort knows them by name."""
    User.objects.update(name=name[:150], nickname=name[:80], discord_name=name[:80])
    Course.objects.update(name=name[:100])
    Cohort.objects.update(name=name[:100])
    DiscordObject.objects.update(name_returned=name[:100])
    for number, group in enumerate(Group.objects.all()):
        Group.objects.filter(pk=group.pk).update(name=f"{name[:79]}{number}")


def check(channel: str, words: MessageContent, sample: Sample) -> None:
    if channel == Message.Channel.EMAIL:
        check_email(words, sample)
    else:
        check_discord(words.text)


def check_discord(text: str) -> None:
    ours = {row.outside_id for row in DiscordObject.objects.all()}
    ours |= set(User.objects.exclude(discord_id=None).values_list("discord_id", flat=True))
    for number, everybody in SEEN_BY_DISCORD.findall(text):
        assert not everybody
        assert int(number) in ours
    assert discord_text.count(text) <= discord_text.LIMIT
    assert text.strip()
    assert not BIDI.search(text)
    assert "||spoiler" not in text
    assert not re.search(r"^(#|>|-) ", text, re.MULTILINE)
    assert all(found.startswith(OURS) for found in re.findall(r"https?://\S+", text))


def check_email(words: MessageContent, sample: Sample) -> None:
    assert words.subject
    assert len(words.subject) <= 150
    assert not BIDI.search(words.subject + words.text)
    assert not re.search(r"[\r\n]", words.subject)
    assert "\nBcc:" not in words.text
    reader = Reader()
    reader.feed(words.html)
    assert reader.tags <= TAGS
    assert not {name for name in reader.attributes if name.startswith("on")}
    assert all(link.startswith(OURS) for link in reader.links)
    assert sample.message.user is not None
    email = compose_email(words, to=sample.message.user, mark="m", first_tried=NOW).message()
    assert email["Bcc"] is None


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(HOSTILE[::3], id="a third of the names"),
        pytest.param(HOSTILE, id="all", marks=pytest.mark.matrix),
    ],
)
def test_every_kind_on_every_route_pings_no_one_and_breaks_nothing(lived, names):
    shown, seen = defaultdict(set), Counter()
    for samples in live_through(NOW):
        chosen = [sample for sample in samples if choose(sample, seen)]
        kept = list(User.objects.values("pk", "name")), list(Group.objects.values("pk", "name"))
        for name in names if chosen else ():
            rename_everything(name)
            for sample in chosen:
                shown[sample.message.kind] |= check_ways(sample)
        put_back(*kept)
    assert dict(shown) == {kind: ways_of(kind) for kind in notifications}


def choose(sample: Sample, seen: Counter[tuple[str, bool]]) -> bool:
    """Return whether too few of its kind were seen, and count its texts."""
    sort = (sample.message.kind, sample.message.user_id is None)
    if seen[sort] >= ENOUGH:
        return False
    seen[sort] += sum(way.content is not None for way in preview_channels(sample))
    return True


def check_ways(sample: Sample) -> set[str]:
    """Check the message on each route and return the routes on which it has a text."""
    sample.message.refresh_from_db()  # with its person and group
    shown = set()
    for way in preview_channels(sample):
        assert "cannot be made" not in way.why, (sample.message.kind, way.why)
        if way.content is not None:
            check(way.channel, way.content, sample)
            shown.add(str(way.channel))
    return shown


def put_back(people: list[dict], groups: list[dict]) -> None:
    for row in people:
        User.objects.filter(pk=row["pk"]).update(name=row["name"])
    for row in groups:
        Group.objects.filter(pk=row["pk"]).update(name=row["name"])


def ways_of(kind: str) -> set[str]:
    """All routes that a kind has templates for: each must have been seen above."""
    parts = {"email": "text", "discord_dm": "discord_dm", "discord_channel": "discord_channel"}
    return {channel for channel, part in parts.items() if has_template(kind, part)}


@pytest.mark.parametrize("kind", sorted(notifications))
def test_each_kind_to_people_belongs_to_a_topic_or_is_for_staff(kind):
    for_staff = {"realize_ended", "step_stopped", "substitute_missing"}
    if has_template(kind, "text") and kind not in for_staff:
        assert topic_of(kind)


def test_each_topic_is_registered_and_has_a_way_on_discord():
    assert {topic_of(kind) for kind in notifications} - {""} == topics.keys()
    for topic in topics.values():
        assert any(has_dm_template(kind) for kind in topic.kinds)
