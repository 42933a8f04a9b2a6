"""Data for the page "my meetings": the next meeting first, what needs a look, and the rest."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from guestvisits.pages.agenda import Agenda, AgendaEntry, LedMeeting, Upcoming, read_agenda
from guestvisits.substitutes.selectors import SubstitutionStatus, my_substitutions
from meetings.models import Meeting


@dataclass(frozen=True, slots=True)
class ComingMeeting:
    """The meeting that a person goes to next. One of `entry`, `visit` and `led` is set: it is the
    person's own group's, they are a guest, or they lead it as a substitute."""

    meeting: Meeting
    is_running: bool
    entry: AgendaEntry | None = None
    visit: Upcoming | None = None
    led: LedMeeting | None = None


@dataclass(frozen=True, slots=True)
class MyMeetings:
    """The page. `changed` are meetings whose changes the person should see without opening
    anything; `later` and `visits` are the rest.

    `shown` is the meeting to which the person returns, 0 for none: its list is open.
    """

    agenda: Agenda
    next: ComingMeeting | None
    changed: tuple[AgendaEntry, ...]
    later: tuple[AgendaEntry, ...]
    visits: tuple[Upcoming, ...]
    substitutions: tuple[SubstitutionStatus, ...]
    shown: int

    @property
    def shows_later(self) -> bool:
        return self.next is None or any(e.mine.meeting.pk == self.shown for e in self.later)

    @property
    def shows_visits(self) -> bool:
        return any(row.mine.visit.host_meeting_id == self.shown for row in self.visits)


def read_my_meetings(user_id: int, now: datetime, *, shown: int = 0) -> MyMeetings:
    substitutions = my_substitutions(user_id, now)
    agenda = read_agenda(user_id, now, led=[each for each in substitutions if each.leads])
    first = min(_candidates(agenda, now), key=lambda each: each.meeting.starts_at, default=None)
    rest = [entry for entry in agenda.entries if first is None or entry is not first.entry]
    changed = [entry for entry in rest if _needs_a_look(entry, first)]
    led = first.led.status if first and first.led else None
    return MyMeetings(
        agenda=agenda,
        next=first,
        changed=tuple(changed),
        later=tuple(entry for entry in rest if entry not in changed),
        visits=tuple(row for row in agenda.upcoming if first is None or row is not first.visit),
        substitutions=tuple(each for each in substitutions if each is not led),
        shown=shown,
    )


def _candidates(agenda: Agenda, now: datetime) -> Iterator[ComingMeeting]:
    """Yield the meetings that are held with the person, also if they have declined."""
    for entry in agenda.entries:
        if not (entry.visit or entry.mine.meeting.is_cancelled):
            yield ComingMeeting(entry.mine.meeting, entry.has_begun, entry=entry)
    for row in agenda.upcoming:
        yield ComingMeeting(row.mine.visit.host_meeting, row.mine.is_past, visit=row)
    for led in agenda.led:
        meeting = led.status.meeting
        if meeting.ends_at > now:
            yield ComingMeeting(meeting, led.status.has_begun, led=led)


def _needs_a_look(entry: AgendaEntry, first: ComingMeeting | None) -> bool:
    """Return whether a visit ended without the person's doing, or a meeting that would have been
    before the next one is cancelled."""
    if first is None:
        return False
    is_missing = entry.mine.meeting.is_cancelled and not entry.visit
    return bool(entry.lost) or (
        is_missing and entry.mine.meeting.starts_at < first.meeting.starts_at
    )
