"""People of the groups on the Today page, and what they do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cohorts.models import Membership, User
from meetings.rsvps import set_rsvp
from tests.support.academy import Academy

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)  # a Monday
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def person(name: str) -> User:
    return User.objects.get(name=name)


def decline(academy: Academy, group: str, *names: str) -> None:
    for name in names:
        set_rsvp(academy.meeting(group).pk, person(name).pk, "not_attending", now=NOW)


def drop(*names: str) -> None:
    Membership.objects.filter(user__name__in=names).update(status="dropped", left_at=NOW)
