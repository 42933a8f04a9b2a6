"""When people who have not joined are reminded.  Pure.

the first meeting, as of the first message     reminders
---------------------------------------------  -----------------------------------------------
3 days away or more                            as many days before it as the cohort says
                                               (7, 3), at 09:00 of the person's local time
less than 3 days away, or past                 one, at the first 09:00 from 2 days after the
                                               first message; the rest is up to staff

a step of 1 day                                none of its own: the reminder 24 hours before
                                               the meeting carries what is left to do
a step within 48 hours after the first         skipped
message, or after another reminder
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

AT = time(9)
APART = timedelta(hours=48)
LATE = timedelta(days=3)
SENT_WITHIN = timedelta(days=1)
BY_MEETING_REMINDER = 1  # days before


@dataclass(frozen=True, slots=True)
class Invitation:
    """What decides when a person is reminded in one cohort.

    `first_meeting_at`: of the earliest of the person's groups, even if it is past. `days`: the
    cohort's steps before it.
    """

    invited_at: datetime
    first_meeting_at: datetime
    days: tuple[int, ...]

    @property
    def is_late(self) -> bool:
        return self.first_meeting_at - self.invited_at < LATE


@dataclass(frozen=True, slots=True)
class JoinReminder:
    """A reminder that may be sent from `due_at` until `cutoff_at`."""

    invitation: Invitation
    due_at: datetime
    cutoff_at: datetime


def plan_reminders(
    invitations: Collection[Invitation], zone: tzinfo, reminded_at: Iterable[datetime] = ()
) -> list[JoinReminder]:
    """Return all reminders of one person, earliest first, also those that are past.

    `reminded_at`: when earlier ones became due, also those that staff asked for. Only they, the
    first messages and the reminders returned before count for the distance of 48 hours.
    """
    before = [*reminded_at, *(invitation.invited_at for invitation in invitations)]
    kept: list[JoinReminder] = []
    candidates = [one for invitation in invitations for one in _candidates(invitation, zone)]
    for one in sorted(candidates, key=lambda one: one.due_at):
        earlier = [*before, *(other.due_at for other in kept)]
        if not any(timedelta(0) < one.due_at - moment < APART for moment in earlier):
            kept += [one] if one.due_at not in {other.due_at for other in kept} else []
    return kept


def _candidates(invitation: Invitation, zone: tzinfo) -> Iterator[JoinReminder]:
    if not invitation.days:
        return
    if invitation.is_late:
        due_at = _first_morning(invitation.invited_at + APART, zone)
        yield JoinReminder(invitation, due_at, due_at + SENT_WITHIN)
        return
    first = invitation.first_meeting_at
    day = first.astimezone(zone).date()
    for days in sorted(set(invitation.days) - {BY_MEETING_REMINDER}):
        due_at = _morning(day - timedelta(days=days), zone)
        if invitation.invited_at < due_at < first:
            yield JoinReminder(invitation, due_at, min(due_at + SENT_WITHIN, first))


def _morning(day: date, zone: tzinfo) -> datetime:
    return datetime.combine(day, AT, zone).astimezone(UTC)


def _first_morning(moment: datetime, zone: tzinfo) -> datetime:
    """Return the first 09:00 that is not before `moment`."""
    day = moment.astimezone(zone).date()
    morning = _morning(day, zone)
    return morning if morning >= moment else _morning(day + timedelta(days=1), zone)
