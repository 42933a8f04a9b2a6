"""With any names of people and groups, no one is pinged and nothing breaks."""

from __future__ import annotations

from datetime import timedelta
from html.parser import HTMLParser

import pytest

from cohorts.models import Course, Group
from cohorts.outbox.models import Message
from cohorts.outbox.rendering.render import render
from discordsync.delivery.discord_text import mentioned
from meetings.moving import moves
from meetings.moving.services import carry_out
from tests.meetings.messages.conftest import look

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
DISCORD_ID = 200000000000000001
NAMES = [
    "@everyone @here <@1> <@&2> <#3>",
    "<script>alert(1)</script><b>x",
    "line\r\nbreak\r\nBcc: eve@example.org",
    *(
        pytest.param(name, marks=pytest.mark.matrix)
        for name in (
            "**bold** `code` ||spoiler|| [a](https://evil.example)",
            "\u202eright to left\u202c\u2066",
            "x" * 80,
            "{{ person.password }}{% debug %}",
            "ü" * 80,
        )
    ),
]


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.seen.add(tag)


def collect_every_kind(academy, now) -> list[Message]:
    """A move, a cancellation, a reminder, a request for an RSVP: to a member, in the channel."""
    group = academy.groups["A"]
    carry_out(moves.Reschedule(academy.meeting("A", 2).pk, now + 300 * HOUR), by=None, now=now)
    carry_out(moves.Cancel(academy.meeting("A", 3).pk), by=None, now=now)
    Group.objects.filter(pk=group.pk).update(
        set_up_at=now - 50 * HOUR, activated_at=now - 50 * HOUR
    )
    look(now)
    look(academy.meeting("A", 1).starts_at - 24 * HOUR)
    return list(Message.objects.filter(group=group).select_related("user", "group__cohort__course"))


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_names(academy, joined, now, name):
    alice = academy.add_member("Alice", "A", discord_id=DISCORD_ID)
    joined()
    alice.name = alice.nickname = name[:80]
    alice.save()
    Group.objects.filter(pk=academy.groups["A"].pk).update(name=name)
    Course.objects.update(name=name)
    messages = collect_every_kind(academy, now)
    assert {message.kind for message in messages} == {
        "reminder",
        "nudge",
        "meeting_moved",
        "meeting_cancelled",
    }
    for message in messages:
        words = render(message, now)
        if message.channel != "email":
            assert set(mentioned(words.text)) <= {DISCORD_ID}
            assert "@everyone" not in words.text
            assert "@here" not in words.text
            continue
        assert "\n" not in words.subject
        assert "\u202e" not in words.subject + words.text
        assert "\nBcc:" not in words.text
        tags = Tags()
        tags.feed(words.html)
        assert not tags.seen & {"script", "b"}
