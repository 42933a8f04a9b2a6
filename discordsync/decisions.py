"""Store what staff decide about our objects: to adopt orphans, about drift, to forget records.

Nothing here makes an external call.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.reconcile.differences import LASTING, Drift, DriftChoice
from cohorts.reconcile.services import record_adopted
from cohorts.validators import check_snowflake
from discordsync.desired import desired_state
from discordsync.models import DiscordObject
from discordsync.selectors import PROVIDER, groups_of
from discordsync.services import record_existing, store_imported
from discordsync.snapshot import take_snapshot
from discordsync.state import keys
from discordsync.state.observed import ObservedGuild
from meetings.models import Meeting

# -- orphans -------------------------------------------------------------------------------------


@transaction.atomic
def adopt(orphans: Mapping[str, int], observed: ObservedGuild, now: datetime) -> None:
    """Adopt orphans because staff asked for it: create their records.  They get no welcome message.

    Their desired names are stored as the names that were sent.  The request is used once; orphans
    of a later observation need another one.  An object that has another record (two cohorts in one
    category, say) is not adopted, and that reason is reported.
    """
    names = _desired_names(orphans, now)
    lacking = {}
    for key, outside_id in orphans.items():
        other = DiscordObject.objects.filter(outside_id=outside_id).exclude(key=key).first()
        if other is not None:
            lacking[key] = _say_whose(key, other, observed.name_of(outside_id))
            continue
        cohort_id, group_id, meeting_id = _owners(key)
        store_imported(
            key,
            outside_id,
            cohort_id=cohort_id,
            group_id=group_id,
            meeting_id=meeting_id,
            name_sent=names.get(key, ""),
            name_returned=observed.name_of(outside_id),
        )
    record_adopted(PROVIDER, lacking)


def _desired_names(orphans: Iterable[str], now: datetime) -> Mapping[str, str]:
    cohorts = {_owners(key)[0] for key in orphans}
    groups = Group.objects.filter(cohort__in=cohorts).values_list("pk", flat=True)
    return desired_state(take_snapshot(now, also=groups), now).names


def _say_whose(key: str, other: DiscordObject, name: str) -> str:
    cohort_id, group_id, _ = _owners(key)
    wanted = Group.objects.get(pk=group_id) if group_id else Cohort.objects.get(pk=cohort_id)
    return (
        f"“{name}” was not taken over as the {keys.title_of(key)} of {wanted}: it is already "
        f"recorded for {other.group or other.cohort}."
    )


def _owners(key: str) -> tuple[int, int | None, int | None]:
    """Return the ids of the cohort, group and meeting that a key names."""
    number = keys.number_of(key)
    match keys.kind_of(key):
        case "category" | "cohort_channel":
            return number, None, None
        case "event":
            group = Meeting.objects.select_related("group").get(pk=number).group
            return group.cohort_id, group.pk, number
        case _:
            return Group.objects.get(pk=number).cohort_id, number, None


# -- drift ---------------------------------------------------------------------------------------


@transaction.atomic
def decide_drift(drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
    """Store what staff decided about one of our objects; return the groups that it concerns.

    Raises Refusal: no_record, came_back, bad_id, and those of `record_existing`.
    """
    key, _, part = drift.key.partition(" ")
    rows = DiscordObject.objects.select_for_update(of=("self",)).filter(released_at=None)
    row = rows.select_related("cohort", "group").filter(key=key).first()
    if row is None:
        raise Refusal("no_record", f"{drift.what} is no longer recorded.")
    if choice in LASTING:
        row.decisions[part] = [choice, drift.value]
        row.save(update_fields=["decisions"])
    elif choice == DriftChoice.REPLACE:
        _replace(row, answer)
    elif row.gone_at is None:
        raise Refusal("came_back", f"{drift.what} exists again.")
    else:
        row.delete()
    return groups_of(row)


def _replace(row: DiscordObject, answer: str) -> None:
    try:
        check_snowflake(int(answer))
    except (ValueError, ValidationError) as error:
        raise Refusal(
            "bad_id",
            f"“{answer[:40]}” is not a Discord ID. In Discord, turn on Developer Mode, right-click "
            "the object and choose Copy ID.",
        ) from error
    ordinal = keys.ordinal_of(row.key) if row.kind == DiscordObject.Kind.CATEGORY else 1
    record_existing(
        row.kind, cohort=row.cohort, group=row.group, outside_id=int(answer), ordinal=ordinal
    )


# -- deleting records ------------------------------------------------------------------------


def delete_gone(group_id: int) -> Collection[str]:
    """Delete the records of objects confirmed as gone, of the group and of its cohort.

    Return their names.
    """
    cohort_id = Group.objects.values_list("cohort_id", flat=True).get(pk=group_id)
    gone = DiscordObject.objects.filter(cohort_id=cohort_id, gone_at__isnull=False)
    rows = [row for row in gone if row.group_id in {None, group_id}]
    DiscordObject.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [str(row) for row in rows]


def delete_all() -> None:
    """Delete all records: this database is a clone, and the objects belong to its original."""
    DiscordObject.objects.all().delete()
