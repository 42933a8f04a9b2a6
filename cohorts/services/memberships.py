"""Add, move and end memberships, and change roles.

Each service locks its groups, then the person, checks the rules, and writes.  A refusal changes
nothing.
"""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from cohorts.activity.recording import Act, groups_by_id, one_act, record
from cohorts.errors import Refusal
from cohorts.models import Group, Membership, User
from cohorts.services.locks import lock_groups, lock_people
from cohorts.signals import announce, announced_together

END_FIELDS = ("status", "left_at", "left_why")  # set by `set_end`

Role = Membership.Role
Status = Membership.Status


@transaction.atomic
def add_member(
    group_id: int, user_id: int, *, role: str = Role.PARTICIPANT, now: datetime
) -> Membership:
    """Add a person to a group.

    Raises Refusal: no_group, no_person, group_ended, already_member, in_another_group, group_full.
    """
    group = lock_groups([group_id])[group_id]
    person = lock_people([user_id])[user_id]
    _check_open(group)
    _check_not_in(group, person)
    if role == Role.PARTICIPANT:
        _check_in_no_other(group, person)
        _check_seat(group)
    made = Membership.objects.create(user=person, group=group, role=role, joined_at=now)
    role_name = made.get_role_display()
    record(
        "member_added", group=group, person=person, about=made, changes={"Role": ["", role_name]}
    )
    return made


def move_member(
    membership_id: int, to_group_id: int, *, now: datetime, why: str = ""
) -> Membership:
    """Move one membership, as `move_members` does; return the new one."""
    [moved] = move_members([membership_id], to_group_id, now=now, why=why)
    return moved


@transaction.atomic
def move_members(
    membership_ids: Collection[int], to_group_id: int, *, now: datetime, why: str = ""
) -> list[Membership]:
    """End these memberships as moved, and create one each in another group of the cohort.

    With the same role.  All or none.  Returns the new ones.  Raises Refusal: no_membership,
    membership_ended, same_group, other_cohort, no_group, group_ended, already_member, group_full.
    """
    found = [_find(pk) for pk in sorted(set(membership_ids))]
    group = lock_groups({to_group_id, *(old.group_id for old in found)})[to_group_id]
    lock_people({old.user_id for old in found})
    with announced_together(), one_act("member_moved", reason=why) as act:
        act.changes = {"Group": [groups_by_id(old.group_id for old in found), group]}
        return [_move(_lock(old.pk), group, now, why, act) for old in found]


def _move(old: Membership, group: Group, now: datetime, why: str, act: Act) -> Membership:
    _check_active(old)
    _check_destination(old, group)
    write_end(old, Status.MOVED, now, why or moved_to(group.name))
    made = Membership.objects.create(user=old.user, group=group, role=old.role, joined_at=now)
    act.concern(groups=[old.group, group], people=[old.user])
    return made


@transaction.atomic
def end_membership(membership_id: int, *, status: str, now: datetime, why: str = "") -> Membership:
    """End a membership as dropped, completed or removed; the row is kept.

    Raises Refusal: no_membership, membership_ended.  Raises ValueError for any other status.
    """
    if status not in {Status.DROPPED, Status.COMPLETED, Status.REMOVED}:
        raise ValueError(f"{status} is not a way to end a membership")
    lock_groups([_find(membership_id).group_id])
    membership = _lock(membership_id)
    _check_active(membership)
    with announced_together():
        write_end(membership, status, now, why)
        announce(_earlier_groups(membership))
    _record_change("membership_ended", membership, "Status", Status.ACTIVE.label, reason=why)
    return membership


def _record_change(
    kind: str, membership: Membership, label: str, before: str, *, reason: str = ""
) -> None:
    """Record that a column with choices changed. The membership's group is loaded."""
    after = getattr(membership, f"get_{label.lower()}_display")()
    record(
        kind,
        group=membership.group,
        person=membership.user_id,
        about=membership,
        changes={label: [before, after]},
        reason=reason,
    )


def _earlier_groups(membership: Membership) -> QuerySet[Membership, int]:
    """Return the ids of the person's other groups in the cohort, which may be archives."""
    mine = Membership.objects.filter(user=membership.user_id, cohort=membership.cohort_id)
    return mine.exclude(group=membership.group_id).values_list("group", flat=True)


@transaction.atomic
def change_role(membership_id: int, *, role: str) -> Membership:
    """Make a participant a facilitator, or a facilitator a participant.

    Raises Refusal: no_membership, membership_ended, in_another_group, group_full.
    """
    group_id = _find(membership_id).group_id
    group = lock_groups([group_id])[group_id]
    membership = _lock(membership_id)
    _check_active(membership)
    if membership.role == role:
        return membership
    if role == Role.PARTICIPANT:
        _check_in_no_other(group, membership.user)
        _check_seat(group)
    before = membership.get_role_display()
    membership.role = role
    membership.save(update_fields=["role"])
    _record_change("role_changed", membership, "Role", before)
    return membership


def _find(membership_id: int) -> Membership:
    membership = Membership.objects.filter(pk=membership_id).first()
    if membership is None:
        raise Refusal("no_membership", "This membership no longer exists.")
    return membership


def _lock(membership_id: int) -> Membership:
    """Lock the person, and return the current membership.  The caller has locked its groups."""
    membership = Membership.objects.select_related("group").get(pk=membership_id)
    membership.user = lock_people([membership.user_id])[membership.user_id]
    return membership


def write_end(membership: Membership, status: str, now: datetime, why: str) -> None:
    """End a membership whose group the caller has locked."""
    set_end(membership, status, now, why)
    membership.save(update_fields=END_FIELDS)


def set_end(membership: Membership, status: str, now: datetime, why: str) -> None:
    membership.status = status
    membership.left_at = now
    membership.left_why = why


def moved_to(group: str) -> str:
    """Return the reason that an ended membership shows after a move."""
    return f"moved to {group}"


def _check_active(membership: Membership) -> None:
    if membership.status != Status.ACTIVE:
        raise Refusal("membership_ended", f"{membership.user} has already left {membership.group}.")


def _check_open(group: Group) -> None:
    if group.has_ended:
        ended = group if group.status in Group.ENDED else group.cohort
        status = ended.get_status_display().lower()
        raise Refusal("group_ended", f"{ended} has ended ({status}).")


def _check_destination(old: Membership, group: Group) -> None:
    if group.pk == old.group_id:
        raise Refusal("same_group", f"{old.user} is already in {group}.")
    if group.cohort_id != old.cohort_id:
        raise Refusal("other_cohort", f"{group} and {old.group} belong to different cohorts.")
    _check_open(group)
    _check_not_in(group, old.user)
    if old.role == Role.PARTICIPANT:
        _check_seat(group)


def _check_not_in(group: Group, person: User) -> None:
    if group.memberships.filter(user=person, status=Status.ACTIVE).exists():
        raise Refusal("already_member", f"{person} is already a member of {group}.")


def _check_in_no_other(group: Group, person: User) -> None:
    other = (
        person.memberships.filter(
            cohort_id=group.cohort_id, status=Status.ACTIVE, role=Role.PARTICIPANT
        )
        .exclude(group=group)
        .select_related("group")
        .first()
    )
    if other:
        raise Refusal(
            "in_another_group",
            f"{person} is already a participant of {other.group} in this cohort. Move them "
            "instead.",
        )


def _check_seat(group: Group) -> None:
    if group.size is None:
        return
    taken = group.memberships.filter(status=Status.ACTIVE, role=Role.PARTICIPANT).count()
    if taken >= group.size:
        raise Refusal("group_full", f"{group} is full: {taken} of {group.size} places are taken.")
