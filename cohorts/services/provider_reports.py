"""Store what providers report: that groups are set up or active, and who has access."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from cohorts.activity.recording import acting_as, record_each
from cohorts.models import AccessState, Group, live_group
from cohorts.services.locks import lock_found
from cohorts.signals import announce, groups_set_up

ReportedAccess = tuple[int, str, str]  # person id, a state of AccessState, a sentence


@transaction.atomic
def record_set_up(group_ids: Collection[int], *, now: datetime) -> None:
    """Record that these groups' channels and series exist, unless that was known before.

    Members get their first message and the group's pages open.  No one needs to have access yet.
    """
    groups = lock_found(Group.objects.filter(live_group(), pk__in=group_ids, set_up_at=None))
    Group.objects.filter(pk__in=[group.pk for group in groups]).update(set_up_at=now)
    _record("group_set_up", groups)


@transaction.atomic
def activate_groups(group_ids: Collection[int], *, now: datetime) -> None:
    """Make the preview groups among these active."""
    preview = Group.objects.filter(pk__in=group_ids, status=Group.Status.PREVIEW)
    groups = lock_found(preview)
    Group.objects.filter(pk__in=[group.pk for group in groups]).update(
        status=Group.Status.ACTIVE, activated_at=now, set_up_at=Coalesce("set_up_at", Value(now))
    )
    _record("group_activated", groups)


def _record(kind: str, groups: Collection[Group]) -> None:
    with acting_as(None):
        record_each(kind, groups)
    announce((group.pk for group in groups), groups_set_up)


@transaction.atomic
def report_access(
    provider: str, states: Mapping[int, Iterable[ReportedAccess]], *, now: datetime
) -> set[int]:
    """Replace the stored access states of these groups in one provider, in two queries.

    Return the groups in which someone has got access.

    Writes only rows that differ, so that `changed_at` is the time of the last change and a repeated
    report costs one query.
    """
    held = {
        (row.group_id, row.user_id): row
        for row in AccessState.objects.filter(provider=provider, group_id__in=states)
    }
    # Who is no longer in the report has no access.
    wanted: dict[tuple[int, int], tuple[str, str]]
    wanted = dict.fromkeys(held, (AccessState.State.ENDED, ""))
    for group_id, report in states.items():
        wanted |= {(group_id, person_id): (state, reason) for person_id, state, reason in report}
    changed = []
    for (group_id, person_id), (state, reason) in wanted.items():
        row = held.get((group_id, person_id))
        if row is None:
            row = AccessState(user_id=person_id, group_id=group_id, provider=provider)
        elif (row.state, row.reason) == (state, reason):
            continue
        row.state, row.reason, row.changed_at = state, reason, now
        changed.append(row)
    AccessState.objects.bulk_create(
        changed,
        update_conflicts=True,
        unique_fields=["user", "group", "provider"],
        update_fields=["state", "reason", "changed_at"],
    )
    return {row.group_id for row in changed if row.state == AccessState.State.GRANTED}
