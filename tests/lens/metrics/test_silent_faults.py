"""A fault without an error of its own: logged once it lasts, by a process that is alive."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.test import Client

from cohorts import clock
from cohorts.models import User
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync, ProviderState, RealizeRequest
from cohorts.reconcile.runs.totals import add_totals, key
from cohorts.reconcile.workers import heartbeats
from lens.metrics.silent_faults import judge_waits, watch_faults
from tests.lens.metrics.scraping import TOKEN, firing, scrape
from tests.support.clock import SetClock
from tests.support.cohort import make_cohort, realize, work

NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Said = Callable[[], list[str]]


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture) -> Said:
    """Return the errors since the last call."""

    def read() -> list[str]:
        lines = [row.getMessage() for row in caplog.records if "silent_faults" in row.name]
        caplog.clear()
        return lines

    return read


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/healthz?ready", "/metrics"])
def test_the_web_logs_that_no_worker_is_there_and_a_worker_that_one_is_again(
    client: Client, settings: Any, set_clock: SetClock, said: Said, address: str
) -> None:
    settings.METRICS_TOKEN = TOKEN
    for minutes in range(5):
        set_clock(NOW + minutes * MINUTE)
        client.get(address, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
        assert len(said()) == (minutes == 2), f"after {minutes} minutes"
    heartbeats.record_heartbeat("machine:1")
    client.get(address, HTTP_AUTHORIZATION=f"Bearer {TOKEN}")
    assert said() == []
    watch_faults(clock.now())
    [line] = said()
    assert line.startswith("Resolved: No worker is running")
    watch_faults(clock.now())
    assert said() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("links")
def test_what_is_over_within_two_minutes_or_follows_from_a_known_fault_is_not_logged(
    said: Said,
) -> None:
    heartbeats.record_heartbeat("machine:1")
    realize(make_cohort(groups=1))
    work("links")
    begin, rows = clock.now(), GroupSync.objects.all()
    rows.update(generation=99, sync_since=begin - 10 * MINUTE)
    watch_faults(begin)
    rows.update(observed_generation=99)
    watch_faults(begin + MINUTE)
    rows.update(observed_generation=1)
    watch_faults(begin + 2 * MINUTE)
    ProviderState.objects.update(issue="unreachable")
    watch_faults(begin + 5 * MINUTE)
    assert said() == []
    ProviderState.objects.update(issue="")
    watch_faults(begin + 6 * MINUTE)
    assert len(said()) == 1


def watch_expired_letter(user: User) -> None:
    """Have a letter to this person be too late, and watch for three minutes."""
    heartbeats.record_heartbeat("machine:1")
    now = clock.now()
    Message.objects.create(
        key=f"letter:{user.name}",
        kind="x",
        channel="email",
        state="expired",
        due_at=now,
        cutoff_at=now,
        user=user,
    )
    for minutes in range(3):
        watch_faults(now + minutes * MINUTE)


@pytest.mark.django_db
def test_a_message_too_late_is_named_by_neither_its_person_nor_its_text(said: Said) -> None:
    watch_expired_letter(User.objects.create_user("alice@example.org", name="Alice"))
    [line] = said()
    assert "Alice" not in line


@pytest.mark.django_db
def test_a_message_to_someone_without_an_address_is_no_fault(said: Said) -> None:
    watch_expired_letter(User.objects.create(email=None, name="Bob"))
    assert said() == []


@pytest.mark.parametrize(
    ("minutes", "total", "expected"),
    [
        (0, 100.0, None),
        (59, 110.0, None),
        (59, 111.0, True),
        (60, 110.0, False),
        (60, 111.0, True),
    ],
)
def test_more_than_ten_waits_within_an_hour_are_often(
    minutes: int, total: float, expected: bool | None
) -> None:
    known = (NOW, 100.0)
    now = NOW + minutes * MINUTE
    kept, is_often = judge_waits(known, total, now, is_realizing=False)
    assert is_often is expected
    assert kept == (known if minutes < 60 else (now, total))


def test_waits_of_a_realize_count_neither_then_nor_after_it() -> None:
    known, is_often = judge_waits((NOW, 100.0), 150.0, NOW + MINUTE, is_realizing=True)
    assert is_often is None
    assert known == (NOW + MINUTE, 150.0)
    assert judge_waits(known, 155.0, NOW + 61 * MINUTE, is_realizing=False)[1] is False


@pytest.mark.django_db
@pytest.mark.usefixtures("links")
def test_a_service_that_slows_a_realize_down_is_not_logged(settings: Any, said: Said) -> None:
    settings.METRICS_TOKEN = TOKEN
    heartbeats.record_heartbeat("machine:1")
    now = clock.now()
    request = RealizeRequest.objects.create(requested_at=now, group_ids=[])
    for minutes in range(5):
        add_totals({key("waits", provider="links"): 12}, now)
        watch_faults(now + minutes * MINUTE)
    assert said() == []
    assert "LensRateLimited" not in firing(scrape())
    request.delete()
    for minutes in range(5, 9):
        add_totals({key("waits", provider="links"): 12}, now)
        watch_faults(now + minutes * MINUTE)
    assert [line for line in said() if "slow down" in line]
    assert "LensRateLimited" in firing(scrape())
