"""Autumn: Fay leads A with Ann and Ned, Ben leads B with Bea; C has no one.

Ned has not joined, Bea has no address.  All groups are set up, and week 1 is in three days.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import pytest
from django.test import Client

from cohorts import clock
from cohorts.models import AccessState, User
from cohorts.reconcile.models import ProviderState
from tests.admin.reading import text_of
from tests.support.academy import Academy

ReadTab = Callable[..., str]


@pytest.fixture
def now() -> datetime:
    return clock.now().replace(minute=0, second=0, microsecond=0)


@pytest.fixture
def academy(db: None, now: datetime) -> Academy:
    academy = Academy(now)
    academy.add_facilitator("Fay", "A", discord_id=200000000000000000)
    academy.add_facilitator("Ben", "B", discord_id=200000000000000001)
    for n, (name, group) in enumerate((("Ann", "A"), ("Ned", "A"), ("Bea", "B")), start=2):
        academy.add_member(name, group, discord_id=200000000000000000 + n)
    User.objects.filter(name="Bea").update(email=None)
    for person in User.objects.exclude(discord_id=None):
        AccessState.objects.create(
            user=person,
            group=person.memberships.get().group,
            provider="discord",
            state="not_joined" if person.name == "Ned" else "granted",
        )
    ProviderState.objects.create(provider="discord", last_seen_at=clock.now())
    return academy


@pytest.fixture
def read_tab(staff: Client, academy: Academy) -> ReadTab:
    """Call it to read a tab as Olga, who may do everything: its HTML, or its text."""

    def read(tab: str = "", *, html: bool = False, **parameters: object) -> str:
        answer = staff.get(f"/admin/cohorts/{academy.cohort.pk}/{tab}", parameters)
        assert answer.status_code == 200
        return answer.content.decode() if html else text_of(answer)

    return read
