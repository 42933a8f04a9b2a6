from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group as Role
from django.test import Client

from cohorts.models import User
from lens.frame.roles import make_roles
from tests.support.academy import Academy


@pytest.fixture
def ana(db: None) -> User:
    """A learner in group A, with a meeting ahead."""
    return Academy(datetime.now(UTC).replace(second=0, microsecond=0)).add_member("Ana", "A")


@pytest.fixture
def max_(db: None) -> User:
    """A programme manager."""
    make_roles()
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.groups.add(Role.objects.get(name="Programme manager"))
    return person


@pytest.fixture
def client(max_: User) -> Client:
    """Max's browser, which checks the tokens of forms."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(max_)
    return client
