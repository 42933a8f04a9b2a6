"""Snooze items of the Today page, and show them again."""

import hashlib
from collections.abc import Mapping
from datetime import date, datetime, timedelta

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.needs.items import Need, Snoozing
from cohorts.needs.registry import need_kinds
from lens.desk.models import Snooze

LONGEST = timedelta(days=90)


def read_snoozed() -> Mapping[str, Snoozing]:
    """Return what is snoozed by the item's key.  One query."""
    return {row.key: Snoozing(row.until, frozenset(row.named)) for row in Snooze.objects.all()}


def digest_of(need: Need) -> str:
    """Return a digest of what an item names: what staff saw is what they snooze."""
    return hashlib.sha256(repr(sorted(need.subject_keys)).encode()).hexdigest()[:16]


@transaction.atomic
def snooze(need: Need, until: date, *, seen: str, by: int, today: date, now: datetime) -> None:
    """Hide an item until a day, or until it names something new.  Raises Refusal: bad_day,
    facts_changed."""
    if not today < until <= today + LONGEST:
        raise Refusal("bad_day", f"Choose a day within {LONGEST.days} days, from tomorrow on.")
    if seen != digest_of(need):
        raise Refusal("facts_changed", "This list has changed since. Check it again first.")
    Snooze.objects.update_or_create(
        key=need.key,
        defaults={
            "until": until,
            "named": sorted(need.subject_keys),
            "snoozed_by_id": by,
            "snoozed_at": now,
        },
    )
    record(
        "item_snoozed",
        by=by,
        cohort=need.cohort_id,
        changes={need_kinds[need.kind].title: ["", until]},
    )


@transaction.atomic
def show_again(key: str) -> None:
    kind, _, cohort_id = key.partition(":")
    deleted, _ = Snooze.objects.filter(key=key).delete()
    if deleted and kind in need_kinds:
        cohort = int(cohort_id) if cohort_id else None
        record("item_shown_again", cohort=cohort, changes={need_kinds[kind].title: ["hidden", ""]})


def forget_past(today: date) -> None:
    """Delete what is over, so that the table does not grow."""
    Snooze.objects.filter(until__lte=today).delete()
