"""Who is asked to lead a meeting, when, and what ends a substitution. Pure.

Who may be asked: active facilitators of the course's open cohorts who are not in this group, and

    are in the Discord server                                since the meeting is held there
    are free from 15 minutes before it to 15 minutes after   groups, visits and substitutions count
    are at a time between 07:00 and 22:00 in their own zone  from its start to its end
    have not turned off these requests

The order: fewest substitutions in 90 days, then the longest time since they were last asked.

When they are asked:

    time until the meeting   at once     the next ones after
    -----------------------  ----------  -------------------
    more than 24 hours       3 people    4 hours
    more than 6 hours        3 people    30 minutes
    more than 1 hour         everyone
    1 hour or less           no one: all offers have ended

The substitute of the same meeting at its earlier time is asked alone first. If a substitute is
lost, people who had not answered before the yes are asked again.

What ends a substitution; the first matching row decides:

    condition                                                  it ends
    ---------------------------------------------------------  -----------------------------------
    the substitute's access is over                            over
    the group or its cohort has ended                          group_ended
    the meeting is cancelled                                   meeting_cancelled
    the meeting starts at another time than was requested      meeting_moved; if it is ahead, a new
      (unless both have passed: then it was held)                one begins for the new time

It also ends if a facilitator of the group answers that they come: once there is a substitute, until
RETURN_UNTIL. That is not handled here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

from cohorts.zones import find_zone
from guestvisits.substitute_access import ACCESS_AFTER
from meetings.attendance.presence import Span

FREE_AROUND = timedelta(minutes=15)
EARLIEST, LATEST = time(7), time(22)
FAIR_OVER = timedelta(days=90)

AT_ONCE = 3
OFFERS_END = timedelta(hours=1)  # before the meeting
RETURN_UNTIL = timedelta(hours=2)  # before the meeting, once there is a substitute
EVERYONE_WITHIN = timedelta(hours=6)
SOON = timedelta(hours=24)
PAUSE, SHORT_PAUSE = timedelta(hours=4), timedelta(minutes=30)

CORRECTS_FOR = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class SubstituteCandidate:
    """A facilitator who might lead a meeting.

    `busy`: when the person attends other meetings. `substitutions`: how many in FAIR_OVER.
    """

    user_id: int
    zone: str
    is_in_server: bool
    has_opted_out: bool
    busy: tuple[Span, ...] = ()
    substitutions: int = 0
    last_asked_at: datetime | None = None


def may_be_asked(candidate: SubstituteCandidate, meeting: Span) -> bool:
    return candidate.is_in_server and not candidate.has_opted_out and can_lead(candidate, meeting)


def can_lead(candidate: SubstituteCandidate, meeting: Span) -> bool:
    """Return whether the person is free then, at a reasonable hour where they are."""
    return is_free(candidate.busy, meeting) and _is_daytime(candidate.zone, meeting)


def is_free(busy: Iterable[Span], meeting: Span) -> bool:
    since, until = meeting.since - FREE_AROUND, meeting.until + FREE_AROUND
    return all(until <= other.since or other.until <= since for other in busy)


def _is_daytime(zone: str, meeting: Span) -> bool:
    start = meeting.since.astimezone(find_zone(zone))
    end = meeting.until.astimezone(find_zone(zone))
    return start.date() == end.date() and start.time() >= EARLIEST and end.time() <= LATEST


def rank(candidates: Iterable[SubstituteCandidate], meeting: Span) -> list[int]:
    """Return the ids of the people who may be asked, in the order in which they are."""
    able = [candidate for candidate in candidates if may_be_asked(candidate, meeting)]
    return [candidate.user_id for candidate in sorted(able, key=_fairness)]


def _fairness(candidate: SubstituteCandidate) -> tuple[int, float, int]:
    asked = candidate.last_asked_at.timestamp() if candidate.last_asked_at else float("-inf")
    return candidate.substitutions, asked, candidate.user_id


def may_ask(last_asked_at: datetime | None, starts_at: datetime, now: datetime) -> bool:
    """Return whether the next people may be asked now."""
    left = starts_at - now
    if left <= EVERYONE_WITHIN:
        return left > OFFERS_END
    pause = SHORT_PAUSE if left <= SOON else PAUSE
    return last_asked_at is None or now >= last_asked_at + pause


def next_to_ask(
    ranked: Sequence[int],
    *,
    asked: Iterable[int],
    last_asked_at: datetime | None,
    asked_first: int | None,
    starts_at: datetime,
    now: datetime,
) -> list[int]:
    """Return whom to ask now, according to the table above.

    `asked` are the people who were asked already, the last ones at `last_asked_at`.
    """
    if not may_ask(last_asked_at, starts_at, now):
        return []
    known = set(asked)
    others = [user_id for user_id in ranked if user_id not in known]
    if starts_at - now <= EVERYONE_WITHIN:
        return others
    if asked_first in others:
        return [asked_first]
    return others[:AT_ONCE]


@dataclass(frozen=True, slots=True)
class SubstitutionFacts:
    """One open substitution and the data that can end it."""

    chosen_start: datetime
    meeting: Span
    is_cancelled: bool
    group_has_ended: bool


def find_end(facts: SubstitutionFacts, now: datetime) -> str:
    """Return the reason for which a substitution ends, by the table above; "" if it goes on."""
    if now >= facts.meeting.until + ACCESS_AFTER:
        return "over"
    if facts.group_has_ended:
        return "group_ended"
    if facts.is_cancelled:
        return "meeting_cancelled"
    was_held = facts.meeting.since <= now and facts.chosen_start <= now
    moved = facts.meeting.since != facts.chosen_start and not was_held
    return "meeting_moved" if moved else ""
