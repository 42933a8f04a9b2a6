from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import Client

from cohorts.models import User
from tests.support.academy import Academy
from tests.support.staff import make_manager


@pytest.fixture
def ana(db: None) -> User:
    """A learner in group A, with a meeting ahead."""
    return Academy(datetime.now(UTC).replace(second=0, microsecond=0)).add_member("Ana", "A")


@pytest.fixture
def max_(db: None) -> User:
    """A programme manager."""
    return make_manager()


@pytest.fixture
def client(max_: User) -> Client:
    """Max's browser, which checks the tokens of forms."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(max_)
    return client
