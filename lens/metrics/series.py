"""The series of `/metrics`, read from the database at each scrape.

Labels come from code, never from rows: their number does not grow, and no one is named.
docs/metrics.md lists them.
"""

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.conf import Conf
from django_q.models import OrmQ
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from cohorts import clock
from cohorts.outbox.models import UNSENT, Message
from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.ownership import find_question
from discordsync.bot.models import BotHeartbeat
from guestvisits.models import GuestVisit
from lens.metrics.families import gauge
from lens.metrics.objectives import read_objectives
from lens.metrics.sync_series import NEVER, read_groups, read_providers, read_work

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)


class DatabaseCollector(Collector):
    """Reads every series anew. A part that fails is left out, counted, and hides no other.

    Raises what Django raises if the database is not there.
    """

    def collect(self) -> Iterator[Metric]:
        now, errors = clock.now(), 0
        for read in PARTS:
            try:
                yield from list(read(now))
            except (OperationalError, InterfaceError):
                raise  # nothing can be read
            except Exception:
                logger.exception("A part of /metrics could not be read: %s", read.__name__)
                errors += 1
        yield gauge("scrape_errors", "Parts that could not be read.", (), [((), errors)])


def read_outbox(now: datetime) -> Iterator[Metric]:
    """Yield the messages that wait, and what became of those of the last day. Two queries."""
    due = Message.objects.filter(state__in=UNSENT, due_at__lte=now).order_by()
    waiting = {
        channel: (count, oldest)
        for channel, count, oldest in due.values_list("channel").annotate(
            Count("pk"), Min("due_at")
        )
    }
    rows = {channel: waiting.get(channel, (0, now)) for channel in Message.Channel.values}
    yield gauge(
        "outbox_waiting",
        "Messages that are due and not sent.",
        ["channel"],
        (((channel,), count) for channel, (count, _) in rows.items()),
    )
    yield gauge(
        "outbox_oldest_seconds",
        "How long a message has been due and not sent.",
        ["channel"],
        (((channel,), (now - oldest).total_seconds()) for channel, (_, oldest) in rows.items()),
    )
    recent = Message.objects.filter(due_at__gt=now - DAY, due_at__lte=now).order_by()
    no_address = {"user__isnull": False, "user__email__isnull": True}
    recent = recent.exclude(channel=Message.Channel.EMAIL, **no_address)
    by_state = recent.values_list("channel", "state").annotate(Count("pk"))
    counts = {(channel, state): count for channel, state, count in by_state}
    pairs = [(c, state) for c in Message.Channel.values for state in Message.State.values]
    yield gauge(
        "messages",
        "Messages that were due in the last 24 hours, to people with an address if by e-mail.",
        ["channel", "state"],
        ((pair, counts.get(pair, 0)) for pair in pairs),
    )


def read_processes(_now: datetime) -> Iterator[Metric]:
    """Yield what shows whether worker and bot are alive, in real time. Three queries."""
    due = OrmQ.objects.filter(key=Conf.CLUSTER_NAME, lock__lt=timezone.now())
    oldest = due.aggregate(oldest=Min("lock"))["oldest"]
    waited = (timezone.now() - oldest).total_seconds() if oldest else 0
    yield gauge("oldest_task_seconds", "How long a task has been waiting.", (), [((), waited)])
    ages = []
    for process, model in (("worker", WorkerHeartbeat), ("bot", BotHeartbeat)):
        found = model.objects.annotate(now=Now()).aggregate(seen=Max("last_seen_at"), at=Max("now"))
        ages.append(
            ((process,), (found["at"] - found["seen"]).total_seconds() if found["seen"] else NEVER)
        )
    yield gauge("heartbeat_age_seconds", "Since the last heartbeat.", ["process"], ages)


def read_visits(_now: datetime) -> Iterator[Metric]:
    counts = GuestVisit.objects.aggregate(
        booked=Count("pk", filter=Q(ended_at__isnull=True)),
        ended=Count("pk", filter=Q(ended_at__isnull=False)),
    )
    rows = (((state,), count) for state, count in counts.items())
    yield gauge("guest_visits", "Guest visits, by whether they have ended.", ["state"], rows)


def read_promises(now: datetime) -> Iterator[Metric]:
    """Yield the objectives, and whether staff must decide before anything is written."""
    found = read_objectives(now)
    shares = (((each.slug,), each.share) for each in found)
    yield gauge("objective_ratio", "Share that met the objective.", ["objective"], shares)
    events = (((each.slug,), each.total) for each in found)
    yield gauge("objective_events", "How many the share is of.", ["objective"], events)
    stopped = float(find_question().stops_all)
    text = "1 while nothing is written until staff say whether this is a copy."
    yield gauge("writes_stopped", text, (), [((), stopped)])


PARTS: tuple[Callable[[datetime], Iterator[Metric]], ...] = (
    read_work,
    read_groups,
    read_providers,
    read_outbox,
    read_processes,
    read_visits,
    read_promises,
)
