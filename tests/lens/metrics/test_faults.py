"""Fifteen faults: each moves its series at the next scrape, fires its alert, and is logged once."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ

from cohorts import clock
from cohorts.models import AccessException, Installation
from cohorts.outbox import services as outbox
from cohorts.outbox import tasks as outbox_tasks
from cohorts.outbox.models import Message
from cohorts.reconcile import tasks
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.errors import Outage, RateLimited, Refused
from cohorts.reconcile.models import GroupSync, ProviderState, WorkerHeartbeat
from cohorts.reconcile.workers import heartbeats
from discordsync.bot.gateway import heartbeats as bot_heartbeats
from discordsync.bot.models import BotHeartbeat
from lens.metrics.objectives import GRACE, judge_ends
from lens.metrics.silent_faults import watch_faults
from lens.watch.watcher import Watcher
from tests.lens.metrics.scraping import TOKEN, firing, scrape, value_of
from tests.support.cohort import MadeCohort, add_member, make_cohort, realize, work
from tests.support.in_memory import LinkProvider

pytestmark = pytest.mark.django_db
LONG_AGO = timedelta(hours=3)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def made(links: LinkProvider, settings: Any) -> MadeCohort:
    """A group that is set up and works; worker and bot are alive."""
    settings.METRICS_TOKEN = TOKEN
    heartbeats.record_heartbeat("machine:1")
    bot_heartbeats.record_heartbeat("machine:2")
    made = make_cohort(groups=2)
    realize(made)
    make_cohort(groups=1, name="Not realized yet")
    work("links")
    assert firing(scrape()) == set()
    return made


@dataclass
class Fault:
    """What is done to an installation that works; its alert, series, and the line in the log."""

    cause: Callable[[LinkProvider, MadeCohort], object]
    alert: str
    series: tuple[str, dict[str, str]]
    line: str


def unreachable(links: LinkProvider, made: MadeCohort, *, times: int = 2, code: str = "") -> None:
    links.service.fail("observe", Outage("503", code=code), times=times)
    for _ in range(times):
        ProviderState.objects.update(retry_at=None)
        GroupSync.objects.update(next_at=clock.now())
        run_once("links")
    tasks.sweep()


def refuse_token(links: LinkProvider, made: MadeCohort) -> None:
    unreachable(links, made, times=1, code="link_missing")


def refuse_someone(links: LinkProvider, made: MadeCohort) -> None:
    links.service.fail("grant", Refused("Not invited", code="link_missing"), times=5)
    links.service.fail("open:", Refused("Not invited", code="link_missing"), times=5)
    add_member(made.groups[0])
    run_once("links")
    tasks.sweep()


def hold_removals(links: LinkProvider, made: MadeCohort) -> None:
    rows = GroupSync.objects.filter(group=made.groups[0].pk)
    rows.update(issue="removals_held", has_waiting_work=True)
    tasks.sweep()


def restore_backup(links: LinkProvider, made: MadeCohort) -> None:
    Installation.objects.update(accepted_as="another")
    tasks.sweep()


def find_orphans(links: LinkProvider, made: MadeCohort) -> None:
    ProviderState.objects.update(has_many_orphans=True, orphans="Group 8, Group 9")
    tasks.sweep()


def stop_worker(links: LinkProvider, made: MadeCohort) -> None:
    WorkerHeartbeat.objects.update(last_seen_at=timezone.now() - LONG_AGO)


def stop_bot(links: LinkProvider, made: MadeCohort) -> None:
    BotHeartbeat.objects.update(last_seen_at=timezone.now() - LONG_AGO)


def leave_task(links: LinkProvider, made: MadeCohort) -> None:
    OrmQ.objects.create(key=Conf.CLUSTER_NAME, payload="", lock=timezone.now() - LONG_AGO)
    watcher = Watcher()
    watcher.tasks.due = watcher.tasks.read_due()
    watcher.tasks.since -= 1000
    logging.getLogger("lens.watch.watcher").error("%s Restarting it.", watcher._find_wrong())


def leave_change(links: LinkProvider, made: MadeCohort) -> None:
    rows = GroupSync.objects.filter(group=made.groups[0].pk)
    rows.update(generation=99, sync_since=clock.now() - LONG_AGO)


def read_nothing(links: LinkProvider, made: MadeCohort) -> None:
    ProviderState.objects.update(last_seen_at=clock.now() - LONG_AGO)


def wait_often(links: LinkProvider, made: MadeCohort) -> None:
    for n in range(11):
        links.service.fail("grant", RateLimited(0.001))
        add_member(made.groups[n % 2])
        ProviderState.objects.update(parked={}, retry_at=None)
        run_once("links")


def end_late(links: LinkProvider, made: MadeCohort) -> None:
    ends = clock.now()
    AccessException.objects.create(
        user=made.people[0], group=made.groups[0], reason="travels", until=ends
    )
    GroupSync.objects.filter(group=made.groups[0].pk).update(
        next_at=ends - timedelta(minutes=1), set_up_at=ends - LONG_AGO
    )
    judge_ends(ends + GRACE + timedelta(minutes=1))
    GroupSync.objects.update(next_at=ends + timedelta(hours=1))


def make_message(due: timedelta, cutoff: timedelta) -> Message:
    now = clock.now()
    return Message.objects.create(
        key="one", kind="unknown", channel="email", due_at=now - due, cutoff_at=now + cutoff
    )


def hold_message(links: LinkProvider, made: MadeCohort) -> None:
    make_message(timedelta(hours=2), timedelta(days=1))
    Message.objects.update(
        user=made.people[0], created_at=clock.now() - LONG_AGO, failures=3, next_try_at=clock.now()
    )
    outbox_tasks.watch_channels()


def miss_cutoff(links: LinkProvider, made: MadeCohort) -> None:
    make_message(timedelta(hours=2), timedelta(hours=-1))
    outbox.expire_late(clock.now())


FAULTS = {
    "the service is unreachable": Fault(
        unreachable,
        "LensServiceUnhealthy",
        ("lens_provider_healthy", {"provider": "links"}),
        "unreachable or returns server errors",
    ),
    "the service refuses our token": Fault(
        refuse_token,
        "LensServiceUnhealthy",
        ("lens_provider_issue", {"provider": "links", "code": "link_missing"}),
        "The link is gone. What to do",
    ),
    "a call is refused": Fault(
        refuse_someone,
        "LensGroupNeedsStaff",
        ("lens_calls_total", {"provider": "links", "result": "refused"}),
        "The link is gone.",
    ),
    "removals wait for approval": Fault(
        hold_removals,
        "LensGroupNeedsStaff",
        ("lens_group_issues", {"provider": "links", "code": "removals_held"}),
        "unusually large number of people",
    ),
    "the database is another installation's": Fault(
        restore_backup, "LensWritesStopped", ("lens_writes_stopped", {}), "Nothing is changed"
    ),
    "there are many orphans": Fault(
        find_orphans, "LensWritesStopped", ("lens_writes_stopped", {}), "Nothing is changed or sent"
    ),
    "the worker is gone": Fault(
        stop_worker,
        "LensWorkerMissing",
        ("lens_heartbeat_age_seconds", {"process": "worker"}),
        "No worker is running",
    ),
    "the bot is gone": Fault(
        stop_bot,
        "LensBotMissing",
        ("lens_heartbeat_age_seconds", {"process": "bot"}),
        "The bot is not connected",
    ),
    "tasks are not taken": Fault(
        leave_task, "LensTasksNotTaken", ("lens_oldest_task_seconds", {}), "no process took one"
    ),
    "a change stays inside": Fault(
        leave_change,
        "LensChangeWaits",
        ("lens_oldest_due_group_seconds", {"provider": "links"}),
        "Meeting links: a change has been waiting",
    ),
    "the service is not read": Fault(
        read_nothing,
        "LensServiceNotRead",
        ("lens_last_observation_age_seconds", {"provider": "links"}),
        "Meeting links was not read for 2 hours",
    ),
    "the service asks to wait": Fault(
        wait_often,
        "LensRateLimited",
        ("lens_rate_limit_waits_total", {"provider": "links"}),
        "Meeting links asked Lens to slow down",
    ),
    "access ends late": Fault(
        end_late,
        "LensAccessEndedLate",
        ("lens_objective_ratio", {"objective": "access_ends"}),
        "Access did not end within 15 minutes of its date, 1 times",
    ),
    "messages wait": Fault(
        hold_message,
        "LensMessagesWait",
        ("lens_outbox_oldest_seconds", {"channel": "email"}),
        "nothing sent for an hour",
    ),
    "a message is too late": Fault(
        miss_cutoff,
        "LensMessageExpired",
        ("lens_messages", {"channel": "email", "state": "expired"}),
        "were not sent before their cutoff",
    ),
}


# One of each way in which a fault becomes known; the others are the matrix.
SAMPLE = (
    "the service is unreachable",
    "a call is refused",
    "the worker is gone",
    "a change stays inside",
    "messages wait",
)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in SAMPLE else pytest.mark.matrix) for name in FAULTS],
)
def test_a_fault_moves_its_series_fires_its_alert_and_is_logged_once(
    links: LinkProvider, made: MadeCohort, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    fault, before = FAULTS[name], scrape()
    watch_faults(clock.now())
    caplog.clear()
    fault.cause(links, made)
    after = scrape()
    series, labels = fault.series
    assert value_of(after, series, **labels) != value_of(before, series, **labels)
    assert fault.alert in firing(after)
    for minutes in range(4):
        tasks.sweep()
        watch_faults(clock.now() + minutes * MINUTE)
    [line] = [row.getMessage() for row in caplog.records if row.levelname == "ERROR"]
    assert fault.line in line
    assert not mail.outbox


def test_a_part_that_cannot_be_read_hides_no_other(
    links: LinkProvider, made: MadeCohort, caplog: pytest.LogCaptureFixture
) -> None:
    links.spec = None
    found = scrape()
    assert value_of(found, "lens_scrape_errors") > 0
    assert value_of(found, "lens_guest_visits", state="booked") == 0
    assert "LensScrapeIncomplete" in firing(found)
    assert "could not be read: read_groups" in caplog.text
