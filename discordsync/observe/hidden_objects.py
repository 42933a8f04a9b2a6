"""Store and read how many objects count to the guild's limits although the bot cannot see them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.utils import timezone

from discordsync.extensions import is_bot_connected
from discordsync.models import HiddenCount
from discordsync.state.facts import Hidden
from discordsync.state.observed import CATEGORY

Source = HiddenCount.Source
REFUSED_FOR = timedelta(hours=1)
CHANNELS = "channels"


def record_hidden_channels(channels: Iterable[tuple[int, int | None]]) -> None:
    """Store the hidden channels that the gateway reports, as (type, category id)."""
    found = list(channels)
    HiddenCount.objects.update_or_create(
        kind=CHANNELS,
        source=Source.GATEWAY,
        defaults={
            "count": len(found),
            "categories": sum(kind == CATEGORY for kind, _ in found),
            "by_category": dict(Counter(str(parent) for _, parent in found if parent)),
            "observed_at": timezone.now(),
        },
    )


def record_refusal(kind: str, hidden: int, *, now: datetime) -> None:
    """Store a "full" error: what is missing between the listed objects and the limit is hidden."""
    HiddenCount.objects.update_or_create(
        kind=kind,
        source=Source.REFUSAL,
        defaults={"count": max(hidden, 0), "observed_at": now},
    )


def read_hidden(now: datetime) -> Hidden:
    """Return the hidden objects.  Of two sources, the larger count is used.  Up to two queries."""
    rows = list(HiddenCount.objects.all())
    reported = next((row for row in rows if row.source == Source.GATEWAY), None)
    if reported is not None and not is_bot_connected():
        reported = None
    refused = [r for r in rows if r.source == Source.REFUSAL and r.observed_at > now - REFUSED_FOR]
    counts = {row.kind: row.count for row in refused}
    if reported is None:
        return Hidden(counts=counts)
    return Hidden(
        is_known=True,
        counts=counts | {CHANNELS: max(reported.count, counts.get(CHANNELS, 0))},
        categories=reported.categories,
        by_category={int(pk): count for pk, count in reported.by_category.items()},
    )
