"""Staff who are signed in, and a worker that has just been seen."""

from __future__ import annotations

import pytest
from django.test import Client
from playwright.sync_api import Page

from cohorts.models import User
from cohorts.reconcile.workers import heartbeats
from tests.support.cohort import MadeCohort, join, make_cohort, realize, work
from tests.support.kept_worlds import BuildOnce
from tests.support.running_sandbox import RunningSandbox


@pytest.fixture
def made(only_discord: None, sandbox: RunningSandbox, build_once: BuildOnce) -> MadeCohort:
    """A cohort of one group that is realized in Discord, where its people have joined."""

    def build() -> MadeCohort:
        made = make_cohort(groups=1)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    result: MadeCohort = build_once("a realized cohort of one group", build)
    return result


@pytest.fixture
def after_made(db: None, request: pytest.FixtureRequest) -> None:
    """Put the realized cohort back before other rows are created, which would be part of it."""
    if "made" in request.fixturenames:
        request.getfixturevalue("made")


@pytest.fixture
def olga(after_made: None) -> User:
    """Staff; may do everything."""
    return User.objects.create_superuser("olga@example.org", name="Olga")


@pytest.fixture
def staff(olga: User) -> Client:
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture
def a_worker(after_made: None) -> None:
    """A worker has just been seen."""
    heartbeats.record_heartbeat("tests")


@pytest.fixture
def olgas_page(page: Page, live_server, staff: Client) -> Page:
    """Olga's browser, signed in."""
    session = staff.cookies["sessionid"].value
    cookie = {"name": "sessionid", "value": session, "url": live_server.url}
    page.context.add_cookies([cookie])
    return page
