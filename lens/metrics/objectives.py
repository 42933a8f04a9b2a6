"""The three objectives of the operator, of the last 28 days.

a change is outside            95 % within a minute, from its transaction until its group is in
                               sync again
access ends on its date        all within 15 minutes
messages before their cutoff   all
"""

import logging
from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db.models import Count, Q

from cohorts import clock
from cohorts.models import AccessException
from cohorts.outbox.models import Message
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import totals
from guestvisits.windows import access_windows

logger = logging.getLogger(__name__)

PERIOD = timedelta(days=28)
GRACE = timedelta(minutes=15)  # after its date, for access to end
PROMPT = 60  # seconds
FEW = 0.95
JUDGED_UNTIL = "access-ends-judged-until"  # the cache's key
MISSED = timedelta(days=7)  # how far back ends are judged after the task did not run


@dataclass(frozen=True, slots=True)
class Objective:
    """One objective: how many of how many met it. `target` is a share; `slug` names its series."""

    slug: str
    title: str
    good: int
    total: int
    target: float

    @property
    def share(self) -> float:
        return self.good / self.total if self.total else 1.0

    @property
    def is_met(self) -> bool:
        return self.share >= self.target

    @property
    def percentage(self) -> str:
        return _name_share(self.share)

    @property
    def target_words(self) -> str:
        return _name_share(self.target)


def _name_share(share: float) -> str:
    """Return a share in words. It is never rounded up, least of all to 100 %."""
    return f"{int(share * 1000) / 10:g} %"


def read_objectives(now: datetime) -> list[Objective]:
    """Return the objectives. Two queries."""
    found = totals.read_totals((now - PERIOD).date())
    effects, ends = sum_labels(found.get("effects", {})), sum_labels(found.get("ends", {}))
    prompt = sum(n for label, n in effects.items() if label.isdigit() and int(label) <= PROMPT)
    sent, late = _count_messages(now)
    return [
        Objective(
            "change_to_effect",
            "Changes carried out within a minute",
            prompt,
            sum(effects.values()),
            FEW,
        ),
        Objective(
            "access_ends",
            "Access that ended within 15 minutes of its date",
            ends.get("on_time", 0),
            sum(ends.values()),
            1.0,
        ),
        Objective(
            "messages_in_time",
            "Messages sent before their cutoff",
            sent,
            sent + late,
            1.0,
        ),
    ]


def sum_labels(figures: dict[str, float]) -> Counter[str]:
    """Return the figures of all providers by the value of their last label."""
    sums: Counter[str] = Counter()
    for labels, value in figures.items():
        sums[labels.rpartition("=")[2]] += round(value)
    return sums


def _count_messages(now: datetime) -> tuple[int, int]:
    """Return how many messages were sent, and how many expired. Without an address none can be
    sent."""
    recent = Message.objects.filter(cutoff_at__gt=now - PERIOD, due_at__lte=now)
    recent = recent.exclude(channel=Message.Channel.EMAIL, user__email__isnull=True)
    counts = recent.aggregate(
        sent=Count("pk", filter=Q(state=Message.State.SENT)),
        late=Count("pk", filter=Q(state=Message.State.EXPIRED)),
    )
    return counts["sent"], counts["late"]


# -- access that ends on its date ----------------------------------------------------------------


def judge_ended_access() -> None:
    """Every five minutes, count whether access whose end is 15 minutes ago has ended outside."""
    judge_ends(clock.now())


def judge_ends(now: datetime) -> None:
    """Count the ends since the last call, each once for every provider."""
    until = now - GRACE
    since = max(cache.get(JUDGED_UNTIL) or until - GRACE, now - MISSED)
    if since >= until:
        return
    ends = [end for end in _read_ends(now) if since < end[1] <= until]
    found = _judge(ends)
    totals.add_totals(found, now)
    if late := sum(count for (_, labels), count in found.items() if labels.endswith("late")):
        logger.error(
            "Access did not end within 15 minutes of its date, %s times. Check the worker and the "
            "integrations on the Operations page.",
            late,
        )
    cache.set(JUDGED_UNTIL, until, timeout=None)


def _read_ends(now: datetime) -> list[tuple[int, datetime]]:
    """Return (group, end) of the dated access of all groups that ended lately or will end."""
    windows = [(window.group_id, window.ends_at) for window in access_windows(None, now)]
    exceptions = AccessException.objects.filter(until__gt=now - MISSED)
    return windows + list(exceptions.values_list("group_id", "until"))


def _judge(ends: Collection[tuple[int, datetime]]) -> Counter[totals.Key]:
    """Return the totals to add. A group was compared after an end if its next check is later: until
    then that is the end itself."""
    rows: dict[int, list[GroupSync]] = defaultdict(list)
    for row in GroupSync.objects.filter(
        group__in={group_id for group_id, _ in ends},
        provider__in=configured_providers(),
        set_up_at__isnull=False,
    ):
        rows[row.group_id].append(row)
    found: Counter[totals.Key] = Counter()
    for group_id, ends_at in ends:
        for row in rows[group_id]:
            on_time = row.next_at > ends_at and not row.has_waiting_work
            result = "on_time" if on_time else "late"
            found[totals.key("ends", provider=row.provider, result=result)] += 1
    return found
