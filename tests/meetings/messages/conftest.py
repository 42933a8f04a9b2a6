"""The outbox with messages about meetings, and no others."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Cohort, Group, Installation, Membership
from cohorts.outbox import services
from cohorts.outbox.collecting import collect
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_sources
from cohorts.outbox.rendering.render import MessageContent, render
from cohorts.outbox.selectors import sendable
from tests.support.academy import Academy
from tests.support.clock import SetClock
from tests.support.kept_worlds import BuildOnce
from tests.support.registries import Registered

LONG_AGO = timedelta(days=10)


@pytest.fixture
def now() -> datetime:
    """A Monday; the meetings of groups A, B, C … begin three to six days later."""
    return datetime(2027, 1, 4, 12, tzinfo=UTC)


@pytest.fixture
def academy(
    now: datetime, set_clock: SetClock, registered: Registered, build_once: BuildOnce
) -> Academy:
    """Known here for ten days, so that what falls due may be sent."""
    ours = ("reminders", "nudges", "meeting changes", "departures")
    registered.only(message_sources, *ours)
    set_clock(now)
    name = f"three groups that are known for ten days on {now}"
    academy: Academy = build_once(name, lambda: make_academy(now))
    return academy


def make_academy(now: datetime) -> Academy:
    Installation.objects.ensure(now)
    Installation.objects.update(first_started_at=now - LONG_AGO, quiet_before=now - LONG_AGO)
    academy = Academy(now)
    Cohort.objects.update(first_known_at=now - LONG_AGO)
    Group.objects.update(set_up_at=now - LONG_AGO, activated_at=now - LONG_AGO)
    return academy


@pytest.fixture
def joined(now: datetime) -> Callable[[], None]:
    """Call it to have everyone joined long ago."""
    return lambda: Membership.objects.update(joined_at=now - LONG_AGO) and None


def look(now: datetime) -> None:
    """What workers do each minute, up to the moment at which an e-mail would be handed over."""
    services.expire_late(now)
    collect(None, now=now)
    services.drop_obsolete(now)
    for message in sendable([Message.Channel.EMAIL], now, None):
        try:
            render(message, now)
        except MessageObsolete as error:
            services.mark_dropped(message.pk, why=error.why)


def pending(kind: str, *, state: str = Message.State.PENDING) -> list[str]:
    """Who gets a pending message of a kind: names, and "channel"."""
    rows = Message.objects.filter(kind=kind, state=state).order_by("pk")
    return sorted(row.user.name if row.user else "channel" for row in rows)


def words_to(name: str, kind: str, now: datetime) -> MessageContent:
    """The text that the newest message to someone ("channel") would have now."""
    rows = Message.objects.filter(kind=kind)
    who = rows.filter(user=None) if name == "channel" else rows.filter(user__name=name)
    return render(who.order_by("-pk")[0], now)
