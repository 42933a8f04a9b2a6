"""Staff's own browser, whose console stays empty, at the size of a desktop and of a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Page

from cohorts import clock
from cohorts.models import Cohort, Group, Membership
from tests.support.academy import Academy
from tests.support.accessibility import SIZES


@pytest.fixture
def open_page(olgas_page: Page, live_server) -> Iterator[Callable[[str, str], Page]]:
    """Open an address at a size. What the console reports, as a broken policy, fails the test."""
    errors: list[str] = []
    olgas_page.on("console", lambda said: errors.append(said.text) if said.type == "error" else 0)
    olgas_page.on("pageerror", lambda error: errors.append(str(error)))

    def open_page(size: str, path: str) -> Page:
        width, height = SIZES[size]
        olgas_page.set_viewport_size({"width": width, "height": height})
        olgas_page.goto(f"{live_server.url}{path}")
        return olgas_page

    yield open_page
    assert errors == []


@pytest.fixture
def academy(set_clock) -> Academy:
    """Ann and Ali are in A, which Fay leads; Bea in B, which Ben leads; Cleo in C.

    All groups are set up, and people read letters.
    """
    now = clock.now().replace(second=0, microsecond=0)
    academy = Academy(now)
    for name, group in (("Ann", "A"), ("Ali", "A"), ("Bea", "B"), ("Cleo", "C")):
        academy.add_member(name, group, timezone="Europe/Berlin")
    academy.add_facilitator("Fay", "A")
    academy.add_facilitator("Ben", "B")
    yesterday = now - timedelta(days=1)
    Cohort.objects.update(first_known_at=yesterday)
    Group.objects.update(activated_at=yesterday)
    Membership.objects.update(joined_at=yesterday)
    return academy


@pytest.fixture
def cohort_page(academy: Academy) -> str:
    return f"/admin/cohorts/{academy.cohort.pk}/"
