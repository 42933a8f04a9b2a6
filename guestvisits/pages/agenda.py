"""A person's future and past meetings and visits, or why there are none.

Takes a constant number of queries: one more if there is nothing to show, four more if a past
meeting was not attended.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Membership
from guestvisits.pages.visit_status import VisitProgress, read_progress
from guestvisits.selectors import MyVisit, list_visits
from guestvisits.services.alternatives import find_make_ups
from guestvisits.substitutes.selectors import SubstitutionStatus
from meetings.models import Attendance, Meeting
from meetings.registries import Venue, find_venues
from meetings.selectors import MyMeeting, PastMeeting, past_meetings, upcoming_meetings

HELD_SHOWN = 8  # past meetings shown; older ones only if they can be made up


@dataclass(frozen=True, slots=True)
class AgendaEntry:
    """A future meeting.

    `visit` is where the person goes instead; `lost` is a visit that ended without the person's
    doing and was not replaced. `venue` is set only for the next meeting of each group.
    """

    mine: MyMeeting
    visit: MyVisit | None
    lost: MyVisit | None
    has_begun: bool
    venue: Venue | None

    @property
    def may_answer(self) -> bool:
        return not (self.has_begun or self.visit or self.mine.meeting.is_cancelled)

    @property
    def may_ask(self) -> bool:
        """Return whether "I can't attend" is offered: not to facilitators, who host the group."""
        return self.visit is None and not self.mine.is_facilitator

    @property
    def is_open_question(self) -> bool:
        """Return whether the person may still come, so that "I can't" leads to other groups."""
        declined = self.mine.rsvp == Attendance.Rsvp.NOT_ATTENDING
        return self.may_answer and not (declined or self.lost)


@dataclass(frozen=True, slots=True)
class Upcoming:
    """An open visit whose meeting is not over, with the sync status of its access.

    `venue` is set once access has begun.
    """

    mine: MyVisit
    progress: VisitProgress
    venue: Venue | None = None


@dataclass(frozen=True, slots=True)
class LedMeeting:
    """A meeting that the person leads as a substitute. `venue` is set once access has begun."""

    status: SubstitutionStatus
    venue: Venue | None


@dataclass(frozen=True, slots=True)
class Held:
    """A meeting that was held, and the visit that replaced it, if any.

    `can_make_up`: the person did not attend, and another group's meeting of that week is open.
    """

    mine: PastMeeting
    visit: MyVisit | None
    can_make_up: bool


@dataclass(frozen=True, slots=True)
class Agenda:
    """All of these. `why_empty` is a sentence if there are no entries, else ""."""

    entries: tuple[AgendaEntry, ...]
    upcoming: tuple[Upcoming, ...]
    led: tuple[LedMeeting, ...]
    held: tuple[Held, ...]
    past: tuple[MyVisit, ...]
    why_empty: str

    @property
    def make_ups(self) -> tuple[Meeting, ...]:
        """Return past meetings that can still be made up, latest first."""
        return tuple(row.mine.meeting for row in self.held if row.can_make_up)


def read_agenda(user_id: int, now: datetime, *, led: Collection[SubstitutionStatus] = ()) -> Agenda:
    """Return a person's meetings and visits. `led`: the meetings that they lead as a substitute."""
    meetings = upcoming_meetings(user_id, now)
    visits = list_visits(user_id, now)
    made = [mine for mine in visits if not mine.visit.ended_early]
    # The latest comes first: a visit that replaced another one takes precedence over it.
    by_home = {mine.visit.home_meeting_id: mine for mine in reversed(made)}
    instead = {home: mine for home, mine in by_home.items() if not mine.was_missed}
    ahead = [mine for mine in visits if mine.visit.is_open and not is_over(mine, now)]
    progress = read_progress(user_id, ahead, now)
    venues = find_venues(
        {mine.meeting.group_id for mine in meetings}
        | {mine.window.group_id for mine in ahead if mine.window.holds(now)}
        | {status.meeting.group_id for status in led if status.sees_people}
    )
    return Agenda(
        entries=tuple(_entries(meetings, instead, _find_lost(visits), venues, now)),
        upcoming=tuple(
            Upcoming(
                mine,
                progress[mine.visit.pk],
                venues.get(mine.window.group_id) if mine.window.holds(now) else None,
            )
            for mine in reversed(ahead)
        ),
        led=tuple(
            LedMeeting(status, venues.get(status.meeting.group_id) if status.sees_people else None)
            for status in led
        ),
        held=tuple(_held(user_id, by_home, now)),
        past=tuple(mine for mine in made if is_over(mine, now)),
        why_empty="" if meetings else explain_emptiness(user_id),
    )


def is_over(mine: MyVisit, now: datetime) -> bool:
    return mine.visit.host_meeting.ends_at <= now


def _find_lost(visits: Iterable[MyVisit]) -> dict[int, MyVisit]:
    """Return the last visit that ended without the person's doing, by home meeting."""
    lost = (mine for mine in visits if mine.ended_unasked)
    return {
        mine.visit.home_meeting_id: mine for mine in sorted(lost, key=lambda mine: mine.visit.pk)
    }


def _entries(
    meetings: Iterable[MyMeeting],
    instead: Mapping[int, MyVisit],
    lost: Mapping[int, MyVisit],
    venues: Mapping[int, Venue],
    now: datetime,
) -> Iterable[AgendaEntry]:
    left = dict(venues)  # each is shown once
    for each in meetings:
        visit = instead.get(each.meeting.pk)
        is_held = not (visit or each.meeting.is_cancelled)
        yield AgendaEntry(
            mine=each,
            visit=visit,
            lost=None if visit else lost.get(each.meeting.pk),
            has_begun=each.meeting.starts_at <= now,
            venue=left.pop(each.meeting.group_id, None) if is_held else None,
        )


def _held(user_id: int, by_home: Mapping[int, MyVisit], now: datetime) -> Iterable[Held]:
    past = past_meetings(user_id, now)
    make_ups = find_make_ups(user_id, past, now)
    for place, mine in enumerate(past):
        if place < HELD_SHOWN or mine in make_ups:
            yield Held(mine, by_home.get(mine.meeting.pk), can_make_up=mine in make_ups)


def explain_emptiness(user_id: int) -> str:
    """Return a sentence that explains why a person has no future meeting."""
    rows = Membership.objects.filter(user=user_id).select_related("group__cohort")
    rows = rows.order_by("-joined_at")
    active = [row.group for row in rows if row.status == Membership.Status.ACTIVE]
    if not rows:
        return (
            "You are not in a group yet. Once the staff add you to one, its meetings are listed "
            "here."
        )
    if not active:
        return f"You are no longer a member of {rows[0].group}, and you are not in another group."
    group = active[0]
    if group.has_ended:
        return f"{group} has ended."
    if not group.is_set_up:
        return f"{group} is still being set up. Its meetings are listed here once that is done."
    if not group.has_slot:
        return f"{group} has no weekly time yet. Its meetings are listed here once it has one."
    return f"All meetings of {group} are over."
