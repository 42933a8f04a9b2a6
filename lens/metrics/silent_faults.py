"""Faults that no failing process logs: one ERROR once such a fault lasts, and one at its end.

    no worker is alive          logged by a web process, every minute and when asked for
                                /healthz?ready or /metrics
    everything else below       logged by a worker, every minute

The limits are those of docs/deploy/alerts.yml. What another fault explains is not judged: nothing
but the processes while no worker is alive, and nothing about a service that has an issue, which
`cohorts.reconcile.runs.issue_log` logs.
"""

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import connection
from prometheus_client.core import Metric

from cohorts import clock, outages
from cohorts.outbox.models import Message
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.workers.heartbeats import is_worker_alive
from lens.metrics.series import read_outbox, read_processes
from lens.metrics.sync_series import NEVER, read_groups, read_providers, read_work

logger = logging.getLogger(__name__)

LASTING = timedelta(seconds=110)  # at the second of two checks that follow a minute apart
HOUR = timedelta(hours=1)
HEARTBEAT = 90  # seconds
LOOKS = 12  # as rare as a minute, where a worker's watcher looks every 5 seconds
CHANGE_WAITS, NOT_READ = 300, 7200  # seconds
WAITS = 10  # in an hour

Samples = Mapping[tuple[str, ...], float]
Waits = tuple[datetime, float]


@dataclass(frozen=True, slots=True)
class SilentFault:
    """Whether a fault is there. None: that cannot be known now, so nothing is logged."""

    name: str
    is_there: bool | None
    sentence: str


def log_silent_faults() -> None:
    """Log what lasts and what is over. Every minute."""
    watch_faults(clock.now())


def log_missing_worker() -> None:
    """Log what a worker would log, if there is none."""
    if not is_worker_alive():
        log_silent_faults()


def watch_from_web() -> None:
    """Look for a worker every minute, in a thread of each web process (gunicorn.conf.py)."""
    while True:
        time.sleep(LOOKS * settings.WATCH["look_seconds"])
        try:
            log_missing_worker()
        except Exception as error:
            outages.report_failure(error, "The web process could not check whether a worker runs")
        connection.close()  # it would be idle for a minute


def watch_faults(now: datetime) -> None:
    """Log each fault once after it has lasted for 2 minutes, and once when it is over.

    What was logged is in the cache, a table whose `add` and `delete` succeed in one process only.
    """
    for found in find_silent_faults(now):
        since, logged = f"fault-since-{found.name}", f"fault-logged-{found.name}"
        if found.is_there:
            lasts = not cache.add(since, now, None) and cache.get(since, now) <= now - LASTING
            if lasts and cache.add(logged, True, None):
                logger.error("%s", found.sentence)
        elif found.is_there is False:
            cache.delete(since)
            if cache.delete(logged):
                logger.error("Resolved: %s", found.sentence)


def find_silent_faults(now: datetime) -> Iterator[SilentFault]:
    """Yield every fault, whether or not it is there. Three queries while no worker is alive."""
    processes = _collect(now, read_processes)
    yield from judge_processes(processes)
    if processes["lens_heartbeat_age_seconds", "worker"] > HEARTBEAT:
        return
    samples = _collect(now, read_groups, read_providers, read_outbox, read_work)
    for provider, spec in configured_providers().items():
        yield from judge_provider(samples, provider, spec.title)
        total = samples["lens_rate_limit_waits_total", provider]
        yield SilentFault(
            f"{provider}-waits",
            _count_waits(provider, total, now, samples["lens_realizes_open",] > 0),
            f"{spec.title} asked Lens to slow down more than {WAITS} times in an hour. Everything "
            "is carried out, later than usual. See Operations.",
        )
    yield judge_messages(samples)


def _collect(now: datetime, *readers: Callable[[datetime], Iterator[Metric]]) -> Samples:
    """Return the samples of some series by name and label values."""
    return {
        (sample.name, *sample.labels.values()): sample.value
        for read in readers
        for family in read(now)
        for sample in family.samples
    }


def judge_processes(samples: Samples) -> Iterator[SilentFault]:
    """Judge the worker and the bot. A bot that was never connected may not be used."""
    yield SilentFault(
        "worker",
        samples["lens_heartbeat_age_seconds", "worker"] > HEARTBEAT,
        "No worker is running, so nothing is carried out or sent: start manage.py worker.",
    )
    age = samples["lens_heartbeat_age_seconds", "bot"]
    yield SilentFault(
        "bot",
        None if age == NEVER else age > HEARTBEAT,
        "The bot is not connected to Discord: start manage.py run_discord_bot.",
    )


def judge_provider(samples: Samples, provider: str, title: str) -> Iterator[SilentFault]:
    """Judge whether a service without an issue is read, and changes reach it."""
    is_healthy = samples["lens_provider_healthy", provider] == 1
    age = samples["lens_last_observation_age_seconds", provider]
    yield SilentFault(
        f"{provider}-change",
        samples["lens_oldest_due_group_seconds", provider] > CHANGE_WAITS if is_healthy else None,
        f"{title}: a change has been waiting for more than 5 minutes. See Operations.",
    )
    yield SilentFault(
        f"{provider}-read",
        age > NOT_READ if is_healthy and age != NEVER else None,
        f"{title} was not read for 2 hours. See Operations.",
    )


def judge_messages(samples: Samples) -> SilentFault:
    expired = (samples["lens_messages", c, "expired"] for c in Message.Channel.values)
    return SilentFault(
        "messages",
        any(expired),
        "Messages of the last 24 hours were not sent before their cutoff. The list of messages in "
        "the admin has the reason of each.",
    )


def _count_waits(provider: str, total: float, now: datetime, is_realizing: bool) -> bool | None:
    key = f"fault-waits-{provider}"
    known: Waits | None = cache.get(key)
    kept, is_often = judge_waits(known or (now, total), total, now, is_realizing=is_realizing)
    if kept != known:
        cache.set(key, kept, None)
    return is_often


def judge_waits(
    known: Waits, total: float, now: datetime, *, is_realizing: bool
) -> tuple[Waits, bool | None]:
    """Return whether there were more than 10 waits in this hour, or in the last one at its end, and
    when the hour began with which total. It begins after a realize, which has to wait often."""
    if is_realizing:
        return (now, total), None
    began, before = known
    is_often = total - before > WAITS
    if now - began >= HOUR:
        return (now, total), is_often
    return known, True if is_often else None
