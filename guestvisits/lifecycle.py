"""What happens to an open visit when the data around it changes. Pure.

The first matching row decides:

    condition                                                     the visit
    ------------------------------------------------------------  ----------------------------------
    its window is over                                            ends: over
    the guest's account was closed                                ends: deactivated
    the cohort has ended                                          ends: cohort_ended
    the guest is an active member of the host group               ends: became_member
    the host group has ended                                      ends: host_group_ended
    the guest is not in any group any more, because the home
      group was merged or cancelled                               ends: home_group_ended
    the guest dropped out of the home group and is in no other    ends: left
    the host meeting is cancelled                                 ends: host_cancelled
    the host meeting starts at another time than was chosen       ends: host_moved
      (unless both have passed: then it was held)
    the guest is now in another group of the cohort               kept; its home meeting becomes the
                                                                  new group's of that number
    the guest completed the home group                            kept
    the home meeting was moved or cancelled, or its group ended   kept
    the guest's RSVP changed, here or in a calendar               kept

Cancellations by the guest or staff are not handled here.
"""

from dataclasses import dataclass
from datetime import datetime

from guestvisits.models import GuestVisit

End = GuestVisit.End


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """One open visit and the data that can end it.

    `home_group_ids`: the guest's current home groups: the home group, if the guest still has any
    active membership there, and the groups of which the guest is an active participant.
    `has_completed_home`: the home membership ended as completed.
    """

    home_group_id: int
    home_group_has_ended: bool
    window_ends_at: datetime
    chosen_start: datetime
    host_starts_at: datetime
    host_is_cancelled: bool
    host_group_has_ended: bool
    cohort_has_ended: bool
    guest_is_active: bool
    is_host_member: bool
    home_group_ids: tuple[int, ...]
    has_completed_home: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """What to do. `end`: a value of `GuestVisit.End` or ""; `new_home_group_id`: or None."""

    end: str = ""
    new_home_group_id: int | None = None

    def __bool__(self) -> bool:
        return bool(self.end or self.new_home_group_id)


KEPT = Transition()


def next_transition(facts: VisitFacts, now: datetime) -> Transition:
    """Return the outcome according to the table above."""
    for reason, holds in _ends(facts, now):
        if holds:
            return Transition(end=reason)
    if facts.home_group_ids and facts.home_group_id not in facts.home_group_ids:
        return Transition(new_home_group_id=facts.home_group_ids[0])
    return KEPT


def _ends(facts: VisitFacts, now: datetime) -> tuple[tuple[str, bool], ...]:
    return (
        (End.OVER, facts.window_ends_at <= now),
        (End.DEACTIVATED, not facts.guest_is_active),
        (End.COHORT_ENDED, facts.cohort_has_ended),
        (End.BECAME_MEMBER, facts.is_host_member),
        (End.HOST_GROUP_ENDED, facts.host_group_has_ended),
        (End.HOME_GROUP_ENDED, _is_homeless(facts) and facts.home_group_has_ended),
        (End.LEFT, _is_homeless(facts)),
        (End.HOST_CANCELLED, facts.host_is_cancelled),
        (End.HOST_MOVED, _was_moved(facts, now)),
    )


def _is_homeless(facts: VisitFacts) -> bool:
    return not facts.home_group_ids and not facts.has_completed_home


def _was_moved(facts: VisitFacts, now: datetime) -> bool:
    was_held = facts.host_starts_at <= now and facts.chosen_start <= now
    return facts.host_starts_at != facts.chosen_start and not was_held
