from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.test import Client
from playwright.sync_api import BrowserContext

from cohorts.models import User
from tests.support.academy import Academy
from tests.support.kept_worlds import BuildOnce


@pytest.fixture
def _facts_alone() -> None:
    """Pages also show what providers report."""


@pytest.fixture
def now() -> datetime:
    """The present minute: pages ask the clock."""
    return datetime.now(UTC).replace(second=0, microsecond=0)


@pytest.fixture
def academy(build_once: BuildOnce, now: datetime) -> Academy:
    return build_once(f"three groups at {now}", lambda: Academy(now))


@pytest.fixture
def sign_in(live_server) -> Callable[[BrowserContext, User], None]:
    def sign_in(context: BrowserContext, user: User) -> None:
        client = Client()
        client.force_login(user)
        cookie = client.cookies["sessionid"]
        context.add_cookies([{"name": "sessionid", "value": cookie.value, "url": live_server.url}])

    return sign_in
