"""Import existing objects by id, and record what the bot reports."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Cohort, Group, User
from cohorts.signals import announce
from discordsync.models import DiscordObject, DmChannel, HiddenCount
from discordsync.state import keys
from discordsync.state.observed import CATEGORY

Kind = DiscordObject.Kind

# What belongs to a cohort as a whole; the other kinds that staff can import belong to a group.
OF_COHORT = frozenset({Kind.CATEGORY, Kind.COHORT_CHANNEL})
OF_GROUP = frozenset({Kind.ROLE, Kind.TEXT_CHANNEL, Kind.VOICE_CHANNEL})


@transaction.atomic
def record_existing(
    kind: str, *, cohort: Cohort, group: Group | None, outside_id: int, ordinal: int = 1
) -> DiscordObject:
    """Import an existing object: point our record at its id.  It gets no welcome message.

    `ordinal` is a category's number within its cohort, from 1.  An existing record is changed.
    Raises Refusal: no_such_kind, needs_group, no_group_here, other_cohort, id_taken.
    """
    check_place(kind, cohort, group)
    key = key_of(kind, cohort, group, ordinal)
    other = DiscordObject.objects.filter(outside_id=outside_id).exclude(key=key).first()
    if other:
        raise Refusal("id_taken", f"{outside_id} is already recorded as {describe(other)}.")
    row = store_imported(key, outside_id, cohort=cohort, group=group)
    record(
        "object_imported",
        cohort=cohort,
        group=group,
        about=row,
        changes={row.get_kind_display(): ["", outside_id]},
    )
    announce([group.pk] if group else cohort.groups.values_list("pk", flat=True))
    return row


def store_imported(key: str, outside_id: int, **values: Any) -> DiscordObject:
    """Point the record with this key at an existing object.

    `values`: its owners, and its names. Without names it is never renamed or reported, because its
    name is not ours.
    """
    row, _ = DiscordObject.objects.update_or_create(
        key=key,
        defaults={
            "kind": keys.kind_of(key),
            "outside_id": outside_id,
            "name_sent": "",
            "name_returned": "",
            "intended_at": None,
            "existed_before": [],
            "gone_at": None,
            "decisions": {},
            "imported": True,
            **values,
        },
    )
    return row


def key_of(kind: str, cohort: Cohort, group: Group | None, ordinal: int = 1) -> str:
    if kind == Kind.CATEGORY:
        return keys.category(cohort.pk, ordinal)
    return f"{kind}:{group.pk if group else cohort.pk}"


def describe(row: DiscordObject) -> str:
    """Return a phrase such as "the role of Group 1"."""
    return f"the {row.get_kind_display().lower()} of {row.group or row.cohort}"


def check_place(kind: str, cohort: Cohort, group: Group | None) -> None:
    """Raise Refusal if such an object cannot be imported."""
    if kind not in OF_COHORT | OF_GROUP:
        raise Refusal("no_such_kind", f"“{kind}” cannot be imported.")
    label = Kind(kind).label.lower()
    if kind in OF_GROUP and group is None:
        raise Refusal("needs_group", f"A {label} belongs to a group. Choose the group.")
    if kind in OF_COHORT and group is not None:
        raise Refusal(
            "no_group_here", f"A {label} belongs to the whole cohort. Leave the group empty."
        )
    if group and group.cohort_id != cohort.pk:
        raise Refusal("other_cohort", f"{group} does not belong to {cohort}.")


# -- what the bot reports ------------------------------------------------------------------------


def record_use(discord_id: int, *, now: datetime) -> None:
    """Record that a known person has used the bot, so that it may write to them.

    A closed channel counts as open again: the person may have allowed direct messages since.
    """
    if User.objects.filter(discord_id=discord_id).exists():
        DmChannel.objects.update_or_create(
            discord_id=discord_id,
            defaults={"last_used_at": now, "refused_at": None, "refused_reason": ""},
        )


def record_hidden_channels(channels: Iterable[tuple[int, int | None]]) -> None:
    """Store the hidden channels that the gateway reports, as (type, category id)."""
    found = list(channels)
    HiddenCount.objects.update_or_create(
        kind="channels",
        source=HiddenCount.Source.GATEWAY,
        defaults={
            "count": len(found),
            "categories": sum(kind == CATEGORY for kind, _ in found),
            "by_category": dict(Counter(str(parent) for _, parent in found if parent)),
            "observed_at": timezone.now(),
        },
    )


# -- past events ---------------------------------------------------------------------------------


def forget_past_events(before: datetime) -> int:
    """Delete the records of events whose meeting began before this moment; return how many.

    Discord has dropped these events by itself, and a mark of one that it still lists is history.
    The meeting, its attendance, and what explains them stay.
    """
    past = DiscordObject.objects.filter(kind=Kind.EVENT, meeting__starts_at__lt=before)
    _, deleted = past.delete()
    return deleted.get(DiscordObject._meta.label, 0)
