"""Join a group, or switch to it, by the person's own choice."""

from datetime import datetime

from django.db import transaction

from cohorts.errors import Refusal
from cohorts.models import Membership
from cohorts.services.locks import lock_groups
from cohorts.services.memberships import add_member, move_member
from guestvisits.joining.joinable import Joinable, JoinableCohort, read_joinable


def find_choice(user_id: int, group_id: int, now: datetime) -> tuple[JoinableCohort, Joinable]:
    """Return this group as a choice of this person.

    Raises Refusal("no_group") unless it belongs to a cohort in which they may choose.
    """
    for offered in read_joinable(user_id, now):
        for joinable in offered.groups:
            if joinable.choice.group.pk == group_id:
                return offered, joinable
    raise Refusal("no_group", "This is not a group that you can join.")


@transaction.atomic
def join_or_switch(user_id: int, group_id: int, *, now: datetime) -> Membership:
    """Make the person a participant of the group; who has another group in the cohort leaves it.

    Carried out by the services that staff use, so messages, access and visits follow alike.  Raises
    Refusal: no_group, and those of guestvisits.joining.join_rules and cohorts.services.memberships.
    """
    offered, _ = find_choice(user_id, group_id, now)
    lock_groups({group_id, *([offered.own.pk] if offered.own else [])})
    # Seats may be gone by now.  Who has changed groups meanwhile is refused below: to lock that
    # group too would be out of order.
    _, joinable = find_choice(user_id, group_id, now)
    if joinable.refusal:
        raise joinable.refusal
    if offered.membership_id is None:
        return add_member(group_id, user_id, now=now)
    why = f"switched to {joinable.choice.group}"
    return move_member(offered.membership_id, group_id, now=now, why=why)
