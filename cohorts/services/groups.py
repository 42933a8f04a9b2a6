"""End a group, begin the removal of its objects, and say whether its slot may be edited."""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from cohorts.models import Group, Membership
from cohorts.services.locks import lock_groups
from cohorts.services.memberships import write_end
from cohorts.signals import announced_together

SLOT_FIELDS = ["weekday", "start_time", "timezone", "duration_minutes"]

# For each final status of a group: the status and reason that its memberships get.
_ENDS = {
    Group.Status.COMPLETED: (Membership.Status.COMPLETED, "the group was completed"),
    Group.Status.MERGED: (Membership.Status.REMOVED, "the group was merged into another"),
    Group.Status.CANCELLED: (Membership.Status.REMOVED, "the group was cancelled"),
}


@transaction.atomic
def end_group(group_id: int, *, status: str, now: datetime) -> Group:
    """End a group as completed, merged or cancelled; its active memberships end with it.

    An active membership in an ended group would bar the person from every other group of the
    cohort. Raises Refusal: no_group, group_ended.  Raises ValueError for any other status.
    """
    if status not in Group.ENDED:
        raise ValueError(f"{status} is not a way to end a group")
    group = lock_groups([group_id])[group_id]
    if group.status in Group.ENDED:  # when only the cohort ends, memberships stay active
        raise Refusal("group_ended", f"{group} has already ended.")
    before = group.get_status_display()
    group.status, group.ended_at = status, now
    with announced_together():
        group.save(update_fields=["status", "ended_at"])
        people = _end_memberships(group, now)
    changes = {"Status": [before, group.get_status_display()]}
    record("group_ended", group=group, people=people, about=group, changes=changes)
    return group


def _end_memberships(group: Group, now: datetime) -> list[int]:
    """End the active memberships; return the ids of their people."""
    membership_status, why = _ENDS[Group.Status(group.status)]
    active = group.memberships.filter(status=Membership.Status.ACTIVE).select_related("group")
    ended = list(active.order_by("pk"))
    for membership in ended:
        write_end(membership, membership_status, now, why)
    return [membership.user_id for membership in ended]


@transaction.atomic
def begin_removal(group_ids: Iterable[int], *, now: datetime) -> None:
    """Record that objects of these groups are about to be removed: they cannot be reopened.

    Raises Refusal: no_group, group_live.
    """
    groups = lock_groups(group_ids)
    for group in groups.values():
        if not group.has_ended:
            raise Refusal("group_live", f"{group} has not ended.")
    begun = Group.objects.filter(pk__in=groups, removal_began_at=None).update(removal_began_at=now)
    if begun:
        record("removal_begun", groups=groups.values())


@transaction.atomic
def withdraw_removal(group_ids: Iterable[int], *, began_at: datetime) -> None:
    """Take back the beginning of a removal by which nothing was removed.

    Of groups whose first removal began at another time, something may have been removed.
    """
    groups = lock_groups(group_ids)
    begun = Group.objects.filter(pk__in=groups, removal_began_at=began_at)
    if begun.update(removal_began_at=None):
        record("removal_withdrawn", groups=groups.values())


def check_slot_may_change(group: Group) -> None:
    """Refuse to change the slot of a group that is set up or has ended.  Raises Refusal."""
    if group.status in Group.ENDED:
        raise Refusal("group_ended", f"{group.name} has ended, so its weekly time cannot change.")
    if group.set_up_at is not None:
        raise Refusal(
            "group_set_up",
            f"{group.name} is set up: people have invitations for its weekly time. Use “Change "
            "weekly time” on its page: it previews the consequences.",
        )
