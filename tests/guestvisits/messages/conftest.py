"""Facts and the outbox alone: which messages visits make pending, with which text, until when."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from cohorts.models import Cohort, Installation, User
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete
from cohorts.outbox.rendering.render import MessageContent, render
from cohorts.outbox.services import drop_obsolete
from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from tests.support.academy import Academy
from tests.support.kept_worlds import BuildOnce

Book = Callable[..., GuestVisit]
NewKinds = Callable[[datetime], list[str]]
Read = Callable[[str, datetime], MessageContent]


@pytest.fixture
def academy(build_once: BuildOnce, now: datetime) -> Academy:
    """Groups A, B and C of four weeks, known since a day; Ada and Alan are in group A."""

    def build() -> Academy:
        Installation.objects.ensure(now)
        long_ago = now - timedelta(days=1)
        Installation.objects.update(first_started_at=long_ago, quiet_before=long_ago)
        academy = Academy(now)
        Cohort.objects.update(first_known_at=long_ago)
        academy.add_member("Ada", "A")
        academy.add_member("Alan", "A")
        return academy

    return build_once(f"Ada and Alan in group A at {now}", build)


@pytest.fixture
def book(academy: Academy, now: datetime) -> Book:
    """Call it with a host group and a week: Ada, of group A, visits that meeting."""

    def book(host: str = "B", number: int = 1, *, name: str = "Ada") -> GuestVisit:
        return book_visit(
            User.objects.get(name=name).pk,
            home_meeting_id=academy.meeting("A", number).pk,
            host_meeting_id=academy.meeting(host, number).pk,
            now=now,
        )

    return book


@pytest.fixture
def new_kinds(academy: Academy) -> NewKinds:
    """Call it with a moment: the kinds of messages that became pending and are still true."""

    def new_kinds(now: datetime) -> list[str]:
        known = set(Message.objects.values_list("pk", flat=True))
        collect(None, now=now)
        drop_obsolete(now)
        new = Message.objects.exclude(pk__in=known).exclude(state="expired").order_by("kind", "pk")
        return [message.kind for message in new if _is_true(message, now)]

    return new_kinds


def _is_true(message: Message, now: datetime) -> bool:
    """For e-mail this is asked only when it is sent."""
    try:
        render(message, now)
    except MessageObsolete:
        return False
    return True


@pytest.fixture
def read() -> Read:
    """Call it with a kind and a moment: the text of its one message as facts make it."""
    return lambda kind, now: render(Message.objects.get(kind=kind), now)
