"""Staff who are signed in, and a worker that has just been seen."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Page

from cohorts.models import User
from cohorts.reconcile.workers import heartbeats


@pytest.fixture
def olga(db: None) -> User:
    """Staff; may do everything."""
    return User.objects.create_superuser("olga@example.org", name="Olga")


@pytest.fixture
def staff(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture
def a_worker(db: None) -> None:
    """A worker has just been seen."""
    heartbeats.record_heartbeat("tests")


@pytest.fixture
def olgas_page(page: Page, live_server, staff: Client) -> Page:
    """Olga's browser, signed in."""
    session = staff.cookies["sessionid"].value
    cookie = {"name": "sessionid", "value": session, "url": live_server.url}
    page.context.add_cookies([cookie])
    return page
