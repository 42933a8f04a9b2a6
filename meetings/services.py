"""Services that write meetings, which are derived from slot, start date and number of meetings.

`meetings.derivation` decides what happens to each row.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from cohorts.activity.recording import acting_as, record
from cohorts.models import Group, live_group
from cohorts.selectors import group_by
from cohorts.services.locks import lock_groups
from cohorts.signals import announce, meetings_changed
from meetings.derivation import DERIVED_FIELDS, MeetingDiff, diff_meetings, make_room
from meetings.models import Meeting, SkippedWeek
from meetings.moving.history import read_meetings, record_derived
from meetings.rhythm import Rhythm
from meetings.selectors import read_rhythms


def repair_meetings(now: datetime) -> set[int]:
    """Compare the meetings of all groups that have not ended with their rhythm; repair differences.

    This catches changes that were not announced. Returns the ids of the changed groups, which have
    been announced.
    """
    live = Group.objects.filter(live_group())
    with transaction.atomic():
        changed = update_meetings(live.values_list("pk", flat=True), now=now)
        announce(changed, meetings_changed)
    return changed


def update_meetings(group_ids: Iterable[int], *, now: datetime) -> set[int]:
    """Update the meetings of these groups from their slot, start date and number of meetings.

    If nothing differs, it takes five queries and no lock. Returns the ids of the changed groups;
    the caller announces them.
    """
    differing = _compare(Group.objects.filter(pk__in=set(group_ids)).select_related("cohort"), now)
    if not differing:
        return set()
    with transaction.atomic():
        # Compare again under the lock: concurrent writers have finished by now.
        groups = lock_groups(differing)
        diffs = _compare(groups.values(), now)
        before = read_meetings(diffs)
        _skip_weeks(diffs, now)
        _write(diffs.values())
        record_derived(before, now)
        if before:  # a new group's first meetings are a part of adding the group
            with acting_as(None):
                record("meetings_derived", groups=[groups[pk] for pk in before])
    return set(diffs)


def _compare(groups: Iterable[Group], now: datetime) -> dict[int, MeetingDiff]:
    """Return the changes needed, for the groups whose meetings differ from their rhythm."""
    live = [group for group in groups if not group.has_ended]
    meetings = Meeting.objects.filter(group__in=live).order_by("number")
    rows = group_by(meetings, lambda meeting: meeting.group_id)
    rhythms = read_rhythms(live)
    found = {group.pk: _diff(group, rhythms[group.pk], rows[group.pk], now) for group in live}
    return {group_id: diff for group_id, diff in found.items() if diff}


def _diff(group: Group, rhythm: Rhythm, rows: Collection[Meeting], now: datetime) -> MeetingDiff:
    with_room = make_room(group, rhythm, rows, now)
    return replace(
        diff_meetings(group, with_room, rows, now), skip=with_room.skipped - rhythm.skipped
    )


def _skip_weeks(diffs: Mapping[int, MeetingDiff], now: datetime) -> None:
    SkippedWeek.objects.bulk_create(
        SkippedWeek(group_id=group_id, day=day, created_at=now)
        for group_id, diff in diffs.items()
        for day in diff.skip
    )


def _write(diffs: Collection[MeetingDiff]) -> None:
    Meeting.objects.bulk_create([row for diff in diffs for row in diff.create])
    surplus = [row for diff in diffs for row in diff.delete]
    bare = _unreferenced(surplus)
    updated = [row for diff in diffs for row in diff.update]
    updated += [row for row in surplus if row.pk not in bare]
    Meeting.objects.bulk_update(updated, DERIVED_FIELDS, batch_size=500)
    if bare:
        Meeting.objects.filter(pk__in=bare).delete()


def _unreferenced(rows: Collection[Meeting]) -> set[int]:
    """Return the ids of the meetings that no other row refers to, in any app."""
    if not rows:
        return set()
    bare: QuerySet[Meeting] = Meeting.objects.filter(pk__in=[row.pk for row in rows])
    for relation in Meeting._meta.related_objects:
        hanging = relation.related_model._base_manager.filter(
            **{relation.field.name: OuterRef("pk")}
        )
        bare = bare.exclude(Exists(hanging))
    return set(bare.values_list("pk", flat=True))
