"""What a move to another group would change for a person's visits.  Nothing is changed here.

Once the move is carried out, `guestvisits.lifecycle` applies the same rules.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from cohorts.models import Group, Membership
from guestvisits.facts import read_open_visits
from guestvisits.lifecycle import VisitFacts, next_transition
from guestvisits.models import GuestVisit
from meetings.models import Meeting


def find_effects(
    members: Iterable[Membership], group: Group, now: datetime, *, reader: int | None = None
) -> Iterator[str]:
    """Yield a sentence for each visit ahead that would end or replace another meeting. Of one that
    was held only the guest's access is left, for some days.

    `members` belong to the group's cohort; `reader` is the person who is addressed, if they move
    themselves.  Four queries.
    """
    moving = {member.user_id: member for member in members}
    left = {member.group_id for member in moving.values()}
    numbers = set(
        Meeting.objects.filter(group=group, number__isnull=False).values_list("number", flat=True)
    )
    for visit, facts in read_open_visits({group.pk, *left}):
        member = moving.get(visit.user_id)
        is_ahead = visit.chosen_start > now
        if member and is_ahead and visit.host_meeting.group.cohort_id == group.cohort_id:
            whose = "Your" if visit.user_id == reader else f"{visit.user.display_name}'s"
            then = _as_if_moved(facts, visit, member, group)
            yield from _effect(visit, then, whose, numbers, now)


def _as_if_moved(
    facts: VisitFacts, visit: GuestVisit, member: Membership, group: Group
) -> VisitFacts:
    left, host = member.group_id, visit.host_meeting.group_id
    kept = [pk for pk in facts.home_group_ids if pk not in {left, group.pk}]
    is_home = member.role == Membership.Role.PARTICIPANT  # no visit is tied to a group one leads
    return replace(
        facts,
        is_host_member=host == group.pk or (facts.is_host_member and host != left),
        home_group_ids=(group.pk, *kept) if is_home else tuple(kept),
    )


def _effect(
    visit: GuestVisit, facts: VisitFacts, whose: str, numbers: set[int | None], now: datetime
) -> Iterator[str]:
    host = visit.host_meeting
    visiting = f"{whose} visit to {host.group} in {host.label}"
    transition = next_transition(facts, now)
    if transition.end == GuestVisit.End.BECAME_MEMBER:
        owned = "your" if whose == "Your" else "their"
        yield f"{visiting} ends: the group becomes {owned} own."
    elif transition.end:
        yield f"{visiting} ends."
    elif transition.new_home_group_id and host.number in numbers:
        yield f"{visiting} stays, in place of the new group's meeting of that week."
