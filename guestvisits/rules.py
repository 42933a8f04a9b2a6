"""Whether a visit may be booked. Pure: facts and the time in, refusals out.

The table RULES is complete: each rule has a code, a sentence for the guest and a test on the facts.
Rules are tested in this order, and the first one that is broken is reported.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.errors import Refusal
from cohorts.words import count


@dataclass(frozen=True, slots=True)
class VisitMeeting:
    """One of the two meetings of a visit."""

    meeting_id: int
    group_id: int
    cohort_id: int
    number: int | None  # None: an extra session
    starts_at: datetime
    ends_at: datetime
    is_cancelled: bool
    group_is_set_up: bool


@dataclass(frozen=True, slots=True)
class CohortSettings:
    """The cohort's own limits for visits. None means no limit."""

    guest_seats: int | None = None
    booking_cutoff_hours: int | None = None
    visits_per_person: int | None = None

    @property
    def most_guests(self) -> str:
        return count(self.guest_seats or 0, "guest")


@dataclass(frozen=True, slots=True)
class BookingFacts:
    """Everything that decides whether one person may visit `host` in place of `home`.

    `is_participant` and `is_facilitator` refer to active membership in the home group. `guests`
    counts the open visits to the host meeting. `is_visiting`: the person has a future visit in that
    week; `has_visited`: one that has begun and was not missed. `visits` counts the person's visits
    in the cohort that were not ended early.
    """

    home: VisitMeeting
    host: VisitMeeting
    is_participant: bool
    is_facilitator: bool
    is_host_member: bool
    was_at_home_meeting: bool
    is_visiting: bool
    has_visited: bool
    guests: int
    visits: int
    settings: CohortSettings

    @property
    def seats_left(self) -> int | None:
        """Return the free guest seats at the host meeting; None if they are not limited."""
        seats = self.settings.guest_seats
        return None if seats is None else max(seats - self.guests, 0)


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule. `of_guest`: it does not depend on the host. `staff_may`: staff may overrule it."""

    code: str
    sentence: str
    forbids: Callable[[BookingFacts, datetime], bool]
    of_guest: bool = False
    staff_may: bool = False

    def refusal(self, facts: BookingFacts) -> Refusal:
        return Refusal(self.code, self.sentence.format(facts=facts, settings=facts.settings))


RULES = (
    Rule(
        "own_group",
        "This is a meeting of your own group.",
        lambda facts, _: facts.host.group_id == facts.home.group_id,
    ),
    Rule(
        "another_cohort",
        "This meeting belongs to another cohort. You can only visit groups of the same cohort.",
        lambda facts, _: facts.host.cohort_id != facts.home.cohort_id,
    ),
    Rule(
        "extra_session",
        "Yours is an extra session, so no other group has a meeting in its place. Answer that you "
        "can't attend instead.",
        lambda facts, _: facts.home.number is None,
        of_guest=True,
    ),
    Rule(
        "extra_session",
        "This is an extra session, not a weekly meeting. Choose a meeting of the same week.",
        lambda facts, _: facts.host.number is None,
    ),
    Rule(
        "another_week",
        "This is a meeting of week {facts.host.number}, and yours is of week {facts.home.number}. "
        "Choose one with the same meeting number.",
        lambda facts, _: (
            None not in (facts.host.number, facts.home.number)
            and facts.host.number != facts.home.number
        ),
    ),
    Rule(
        "facilitator_of_home",
        "You facilitate this group, so it cannot meet without you. Choose “I can't lead” for this "
        "meeting to look for a substitute, or ask the staff.",
        lambda facts, _: facts.is_facilitator,
        of_guest=True,
        staff_may=True,
    ),
    Rule(
        "not_active_participant",
        "You are not an active participant of the group whose meeting you want to replace.",
        lambda facts, _: not (facts.is_participant or facts.is_facilitator),
        of_guest=True,
    ),
    Rule(
        "group_not_active",
        "Your own group is not set up yet, or has ended.",
        lambda facts, _: not facts.home.group_is_set_up,
        of_guest=True,
    ),
    Rule(
        "checked_in_at_home",
        "You attended your own group's meeting this week.",
        lambda facts, _: facts.was_at_home_meeting,
        of_guest=True,
        staff_may=True,
    ),
    Rule(
        "already_member",
        "You are already a member of this group.",
        lambda facts, _: facts.is_host_member,
    ),
    Rule(
        "already_visiting",
        "You are already visiting another group this week. Cancel that visit first.",
        lambda facts, _: facts.is_visiting,
        of_guest=True,
        staff_may=True,
    ),
    Rule(
        "already_visiting",
        "Your visit to another group this week has begun or is over. If you missed it, ask the "
        "staff to record that; then you can choose another meeting.",
        lambda facts, _: facts.has_visited,
        of_guest=True,
        staff_may=True,
    ),
    Rule(
        "group_not_active",
        "This group is not set up yet, or has ended.",
        lambda facts, _: not facts.host.group_is_set_up,
    ),
    Rule(
        "meeting_cancelled",
        "This meeting is cancelled.",
        lambda facts, _: facts.host.is_cancelled,
    ),
    Rule(
        "meeting_over",
        "This meeting is over.",
        lambda facts, now: facts.host.ends_at <= now,
    ),
    Rule(
        "meeting_begun",
        "This meeting has already started.",
        lambda facts, now: facts.host.starts_at <= now < facts.host.ends_at,
        staff_may=True,
    ),
    Rule(
        "host_full",
        "This meeting is full: it takes at most {settings.most_guests}.",
        lambda facts, _: facts.seats_left == 0,
        staff_may=True,
    ),
    Rule(
        "too_late",
        "Booking closes {settings.booking_cutoff_hours} hours before the meeting.",
        lambda facts, now: (
            facts.settings.booking_cutoff_hours is not None
            and now >= closes_at(facts.host.starts_at, facts.settings)
        ),
        staff_may=True,
    ),
    Rule(
        "too_many_visits",
        "You have used up your visits: this cohort allows {settings.visits_per_person} per person.",
        lambda facts, _: (
            facts.settings.visits_per_person is not None
            and facts.visits >= facts.settings.visits_per_person
        ),
        of_guest=True,
        staff_may=True,
    ),
)


def closes_at(starts_at: datetime, settings: CohortSettings) -> datetime:
    """Return when booking closes for a meeting with this start."""
    return starts_at - timedelta(hours=settings.booking_cutoff_hours or 0)


def broken_rules(facts: BookingFacts, now: datetime) -> tuple[Rule, ...]:
    """Return all rules that forbid this visit, in the order of the table."""
    return tuple(rule for rule in RULES if rule.forbids(facts, now))


def find_refusal(facts: BookingFacts, now: datetime) -> Refusal | None:
    """Return why this visit may not be booked; None if it may."""
    return next((rule.refusal(facts) for rule in RULES if rule.forbids(facts, now)), None)


def find_guest_refusal(facts: BookingFacts, now: datetime) -> Refusal | None:
    """Return why the person may not visit anyone this week; None if it depends on the host."""
    of_guest = (rule for rule in RULES if rule.of_guest)
    return next((rule.refusal(facts) for rule in of_guest if rule.forbids(facts, now)), None)
