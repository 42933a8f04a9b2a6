"""The outbox alone: no provider runs, and the notes of tests.cohorts.outbox.notes are pending."""

from __future__ import annotations

from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest

from cohorts.models import Cohort, Installation, Membership
from cohorts.outbox.registry import message_sources, notifications
from tests.cohorts.outbox.notes import NOTE, TEMPLATES, pending_notes
from tests.support.academy import Academy
from tests.support.registries import Registered


@pytest.fixture
def notes(settings, registered: Registered, without_providers) -> None:
    registered.only(message_sources, pending_notes)
    registered.add(notifications, NOTE)
    settings.TEMPLATES = deepcopy(settings.TEMPLATES)
    settings.TEMPLATES[0]["DIRS"].append(TEMPLATES)


@pytest.fixture
def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def academy(notes: None, now: datetime, db: None) -> Academy:
    """Groups A and B; everything here is known since a day.  Members join an hour ago."""
    Installation.objects.ensure(now)
    Installation.objects.update(
        first_started_at=now - timedelta(days=1), quiet_before=now - timedelta(days=1)
    )
    academy = Academy(now, groups="AB")
    Cohort.objects.update(first_known_at=now - timedelta(days=1))
    return academy


@pytest.fixture
def add_members(academy: Academy, now: datetime):
    """Call it with a number or with names: members of group A, with a note pending for an hour."""

    def add(*names: str | int, **fields):
        if names and isinstance(names[0], int):
            names = tuple(f"Person {n}" for n in range(names[0]))
        people = [academy.add_member(str(name), "A", **fields) for name in names]
        Membership.objects.update(joined_at=now - timedelta(hours=1))
        return people

    return add
