"""Two groups of a cohort, and Max, who writes to their people."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from cohorts.models import User
from tests.support.academy import Academy

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)  # a Monday


@pytest.fixture
def academy(without_providers: None, db: None) -> Academy:
    """Group A meets on Thursdays at 12:00 UTC, group B on Fridays at 12:01."""
    academy = Academy(NOW, groups="AB")
    academy.add_facilitator("Fay", "A", "B", timezone="Europe/Berlin")
    academy.add_member("Ann", "A", timezone="America/New_York")
    academy.add_member("Bo", "B")
    return academy


@pytest.fixture
def max_(academy: Academy) -> User:
    return academy.add_person("Max Muster", nickname="Max", is_staff=True, is_superuser=True)
