"""`/metrics`: who may read it, and what it never says."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts.models import User
from cohorts.reconcile.workers import heartbeats
from tests.lens.metrics.scraping import TOKEN, scrape, value_of
from tests.support.cohort import make_cohort, realize, work
from tests.support.in_memory import LinkProvider

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("sent", ["", "Bearer ", "Bearer wrong", f"Basic {TOKEN}"])
def test_without_the_token_there_is_no_such_page(settings: Any, client: Client, sent: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    assert client.get("/metrics", HTTP_AUTHORIZATION=sent).status_code == 404


def test_without_a_setting_not_even_an_empty_token_is_right(client: Client) -> None:
    assert client.get("/metrics", HTTP_AUTHORIZATION="Bearer ").status_code == 404


def test_the_number_of_series_does_not_grow_with_the_academy_and_no_one_is_named(
    links: LinkProvider, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    empty = scrape()
    made = make_cohort(groups=3)
    realize(made)
    work("links")
    found = scrape()
    assert found.keys() == empty.keys()
    assert value_of(found, "lens_groups", provider="links", condition="in_sync") == 3
    assert value_of(found, "lens_calls_total", provider="links", result="done") >= 3
    assert value_of(found, "lens_change_to_effect_seconds_count", provider="links") >= 3
    written = Client().get("/metrics", HTTP_AUTHORIZATION=f"Bearer {TOKEN}").content.decode()
    names = {word for one in User.objects.all() for word in (one.name, one.email)}
    names |= {group.name for group in made.groups} | {made.cohort.name}
    assert not [name for name in names if name and name in written]


def test_a_scrape_costs_the_same_number_of_queries_for_any_number_of_groups(
    links: LinkProvider, settings: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    heartbeats.record_heartbeat("machine:1")
    make_cohort(groups=1)
    scrape()  # the first one makes the row of the installation
    few = count_queries()
    make_cohort(groups=5, name="Autumn")
    assert count_queries() <= few + 1 <= 25  # the clock of the sandbox is read every half second


def count_queries() -> int:
    with CaptureQueriesContext(connection) as found:
        scrape()
    return len(found)


def test_sign_ins_are_counted_by_result(
    settings: Any, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    settings.METRICS_TOKEN = TOKEN
    User.objects.create_user("ada@example.org", "a good password", name="Ada")
    with django_capture_on_commit_callbacks(execute=True):
        assert client.login(username="ada@example.org", password="a good password")
        assert not Client().login(username="ada@example.org", password="another one")
    found = scrape()
    assert value_of(found, "lens_sign_ins_total", result="refused") == 1
    assert value_of(found, "lens_sign_ins_total", result="done") == 1
