"""May a learner join this group, or switch to it?  Pure.

The first matching row decides.  "Has a group" means: is a participant of one in this cohort.

    condition                                           refused as
    --------------------------------------------------  ----------------
    the cohort does not let people join by themselves   joining_off
    it is the person's own group                        already_member
    the person facilitates it                           already_member
    has a group, and switching is closed                switching_closed
    the group has ended                                 group_ended
    it has no meeting ahead                             group_over
    all of its places are taken                         group_full
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from cohorts.errors import Refusal


@dataclass(frozen=True, slots=True)
class JoiningFacts:
    """One person and one group of a cohort.  `today` is the day in UTC.

    `seats_left`: None without a limit.
    """

    group: str
    is_offered: bool
    switching_until: date | None
    today: date
    has_group: bool
    is_member: bool
    has_ended: bool
    has_meetings: bool
    seats_left: int | None


def is_switching_open(until: date | None, today: date) -> bool:
    return until is not None and today <= until


def find_joining_refusal(facts: JoiningFacts) -> Refusal | None:
    return next((Refusal(*refusal) for refusal, holds in _refusals(facts) if holds), None)


def _refusals(facts: JoiningFacts) -> Iterator[tuple[tuple[str, str], bool]]:
    group = facts.group
    yield ("joining_off", "Only staff can add you to a group of this cohort."), not facts.is_offered
    yield ("already_member", f"You are in {group} already."), facts.is_member
    may_switch = is_switching_open(facts.switching_until, facts.today)
    yield _switching_closed(facts), facts.has_group and not may_switch
    yield ("group_ended", f"{group} has ended."), facts.has_ended
    yield ("group_over", f"{group} has no more meetings."), not facts.has_meetings
    yield ("group_full", f"{group} is full. Choose another group."), facts.seats_left == 0


def _switching_closed(facts: JoiningFacts) -> tuple[str, str]:
    until = facts.switching_until
    since = f" since the end of {until.day} {until:%B %Y} (UTC)" if until else ""
    return (
        "switching_closed",
        f"You have a group, and switching is closed{since}. Ask the people who run your course.",
    )
