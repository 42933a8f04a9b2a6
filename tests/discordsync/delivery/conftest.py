"""A cohort that was set up long ago, whose people have a pending note each; some want it directly.

`world.people` are in the server and have used the bot.  `world.work()` is what workers do in a
minute: collect, choose routes, runs of Discord, a round of e-mail.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction

from cohorts import clock
from cohorts.models import Group, User
from cohorts.outbox import tasks
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message, MessageChoice
from cohorts.outbox.registry import Topic, message_sources, notifications, topics
from discordsync.services import record_use
from tests.cohorts.outbox.notes import NOTE, TEMPLATES
from tests.support.cohort import MadeCohort, join, make_cohort, realize, work
from tests.support.registries import Registered
from tests.support.smtp import MailServer

NOTES: list[Message] = []


def note_key(person: User, said: str) -> str:
    """Messages are stored in the order of their keys: 0999 comes before 1000, and 999 after it."""
    return f"note:{person.pk:010}:{said}"


def pending_notes(group_ids: frozenset[int] | None, since: Any, now: Any) -> list[Message]:
    """Whatever a test has put down."""
    return [one for one in NOTES if group_ids is None or one.group_id in group_ids]


@dataclass
class World:
    made: MadeCohort
    sandbox: Any
    mail_server: MailServer

    @property
    def people(self) -> list[User]:
        return self.made.people

    def want_directly(self, *people: User, used: bool = True) -> None:
        for person in people:
            if used:
                record_use(person.discord_id, now=clock.now())
            MessageChoice.objects.update_or_create(
                user=person, topic="notes", defaults={"route": "discord_dm"}
            )

    def add_notes(
        self, *people: User, said: str = "Hello", minutes: int = 60, **context: str
    ) -> list[Message]:
        """Each has a pending note from now on."""
        now = clock.now()
        NOTES.extend(
            Message(
                key=note_key(person, said),
                kind="note",
                channel="email",
                group_id=self.made.groups[0].pk,
                user_id=person.pk,
                due_at=now,
                cutoff_at=now + timedelta(minutes=minutes),
                context={"said": said, **context},
            )
            for person in people
        )
        collect(None, now=now)
        return [self.note_to(person, said) for person in people]

    @staticmethod
    def note_to(person: User, said: str = "Hello") -> Message:
        return Message.objects.get(key=note_key(person, said))

    def work(self) -> None:
        tasks.collect_all()
        work("discord")
        tasks.send_emails()

    def direct_messages(self) -> dict[int, list[str]]:
        """What is in each person's direct messages with the bot, by Discord id."""
        guild = self.sandbox.get("state")["discord"]
        return {
            int(dm["recipient_id"]): [
                said["content"] for said in guild["messages"].get(pk, {}).values()
            ]
            for pk, dm in guild["dms"].items()
        }

    def emails_to(self, person: User) -> int:
        return self.mail_server.recipients.count(person.email)

    def opened(self, since: int = 0) -> int:
        """How many direct channels were asked for."""
        calls = self.sandbox.calls(since=since, service="discord", method="POST")
        return sum(call["path"].endswith("/users/@me/channels") for call in calls)


@pytest.fixture
def notes(settings, registered: Registered) -> None:
    NOTES.clear()
    registered.only(message_sources, pending_notes)
    registered.add(notifications, replace(NOTE, topic="notes"))
    registered.add(topics, Topic("notes", "Notes", "", may_be_off=True))
    settings.TEMPLATES = deepcopy(settings.TEMPLATES)
    settings.TEMPLATES[0]["DIRS"].append(TEMPLATES)


@pytest.fixture
def world(sandbox, only_discord, no_waiting, notes, mail_server, caplog, build_once):
    def build():
        made = make_cohort(groups=1, members=5)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        with transaction.atomic():
            long_ago = clock.now() - timedelta(days=2)
            Group.objects.update(set_up_at=long_ago, activated_at=long_ago)
        return made

    made = build_once("five people who can get notes", build)
    yield World(made, sandbox, mail_server)
    assert "broke off" not in caplog.text
