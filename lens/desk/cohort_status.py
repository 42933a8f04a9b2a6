"""How far a cohort is, in words.  Pure.  The first matching row decides.

    the cohort                                                        status
    ----------------------------------------------------------------  -------------------------
    has ended, its archive is open                                    Read-only until 3 March
    has ended, objects in Discord can be removed                      Over, removal due
    has ended                                                         Removed
    has meetings, and the last one is over                            Over, not ended
    no group is set up, none was requested                            Not set up
    some of its groups are not set up                                 Setting up (12 of 48)
    has not begun, and no one has joined                              Set up, no one has joined
    has not begun                                                     Set up, starts 3 March
    has begun, and no one has joined                                  Set up, no one has joined
    half of its groups pause for ten days or more                     On break
    has begun                                                         Running, week 3 of 8

A cohort has begun once half of its groups have.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from cohorts.words import name_date

BREAK = timedelta(days=10)  # between two meetings of a weekly group: one may be moved by 3 days


@dataclass(frozen=True, slots=True)
class GroupCourse:
    """A group that is set up: the numbers and starts of its meetings, cancelled ones apart."""

    meetings: tuple[tuple[int | None, datetime], ...]

    def week(self, now: datetime) -> int:
        """Return the highest number that has begun; 0 before the first."""
        return max((n for n, starts_at in self.meetings if n and starts_at <= now), default=0)

    def pauses(self, now: datetime) -> bool:
        """Return whether the last meeting that began and the next one are far apart."""
        begun = [starts_at for _, starts_at in self.meetings if starts_at <= now]
        ahead = [starts_at for _, starts_at in self.meetings if starts_at > now]
        return bool(begun and ahead) and min(ahead) - max(begun) >= BREAK


@dataclass(frozen=True, slots=True)
class CohortProgress:
    """`groups`: live ones.  `courses`: of those that are set up.  `reads_until`: the archive's end,
    None if no one can read the channels any more."""

    start_date: date
    weeks: int
    has_ended: bool = False
    reads_until: datetime | None = None
    has_remains: bool = False
    groups: int = 0
    is_requested: bool = False
    courses: tuple[GroupCourse, ...] = ()
    joined: int = 0
    last_ended_at: datetime | None = None


def week_of(courses: Collection[GroupCourse], now: datetime) -> int:
    """Return the highest number begun in half of the groups; 0 before that."""
    weeks = sorted((course.week(now) for course in courses), reverse=True)
    return weeks[(len(weeks) + 1) // 2 - 1] if weeks else 0


def describe_status(facts: CohortProgress, now: datetime) -> str:
    if facts.has_ended:
        return _describe_ended(facts, now)
    if facts.last_ended_at and facts.last_ended_at <= now:
        return "Over, not ended"
    ready = len(facts.courses)
    if ready == 0 and not facts.is_requested:
        return "Not set up"
    if ready < facts.groups:
        return f"Setting up ({ready} of {facts.groups})"
    return _describe_course(facts, now)


def _describe_ended(facts: CohortProgress, now: datetime) -> str:
    if facts.reads_until and now < facts.reads_until:
        return f"Read-only until {name_date(facts.reads_until.date())}"
    return "Over, removal due" if facts.has_remains else "Removed"


def _describe_course(facts: CohortProgress, now: datetime) -> str:
    if not facts.joined:
        return "Set up, no one has joined"
    week = week_of(facts.courses, now)
    if not week:
        return f"Set up, starts {name_date(facts.start_date)}"
    pausing = sum(course.pauses(now) for course in facts.courses)
    if pausing * 2 >= len(facts.courses):
        return "On break"
    return f"Running, week {week} of {facts.weeks}"
