"""Report the state of one group's calendar. Pure."""

from collections.abc import Iterator

from calendarsync.desired import DesiredCalendar, DesiredGroupCalendar
from calendarsync.plan.drift import find_drift
from calendarsync.plan.series_state import (
    find_issues,
    find_series,
    group_with_own_writes,
    series_of,
)
from calendarsync.state.facts import CalendarPerson, Guest
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from cohorts.reconcile.values import Access, Review
from meetings.rhythm import name_meeting

# Values of `AccessState.State`, which this module does not import.
GRANTED, PENDING, NO_ADDRESS, WITHHELD, FAILED = (
    "granted",
    "pending",
    "no_address",
    "withheld",
    "failed",
)
ADDRESS_REFUSED = "Google Calendar does not accept the e-mail address"


def review(desired: DesiredCalendar, observed: ObservedCalendar, group_id: int) -> Review:
    if group_id not in desired.groups:
        return Review(ready=False)  # history: neither live nor asked for
    group = group_with_own_writes(desired, group_id, observed)
    issues = find_issues(group, observed)
    return Review(
        ready=_is_ready(group, observed),
        issue=issues[0].code if issues else "",
        detail=issues[0].detail if issues else "",
        next_at=group.next_at,
        access=tuple(_access(group, observed)),
        drift=tuple(find_drift(group, observed)),
    )


def _is_ready(group: DesiredGroupCalendar, observed: ObservedCalendar) -> bool:
    series = find_series(group, observed)
    if series is None or series.is_cancelled:
        # It may be over: then it is not missed, and its copy is no longer loaded after some days.
        return bool(group.series) and not group.series[0].is_needed
    return True


def _access(group: DesiredGroupCalendar, observed: ObservedCalendar) -> Iterator[Access]:
    if not group.facts.live:
        return
    series = find_series(group, observed)
    for person in group.facts.members:
        yield Access(person.id, *_state(person, series))
    exempt = {one.person.id: one.person for one in group.facts.exempt}
    members = {person.id for person in group.facts.members}
    for person in exempt.values():
        if person.id not in members and series and person.address in series.people:
            yield Access(person.id, GRANTED, "by an exception")
    guests = {visit.person.id: visit for visit in group.visits}
    for person_id, visit in guests.items():
        if person_id not in members | set(exempt):
            yield Access(person_id, *_guest_state(group, visit, observed))


def _state(person: CalendarPerson, event: ObservedEvent | None) -> tuple[str, str]:
    if not person.address:
        return NO_ADDRESS, "no e-mail address is known"
    if person.refused:
        return FAILED, ADDRESS_REFUSED
    if event is None:
        return PENDING, "the invitation has not been created yet"
    if event.is_cancelled:
        return WITHHELD, "the series was deleted in Google Calendar"
    return (GRANTED, "") if person.address in event.people else (PENDING, "")


def _guest_state(
    group: DesiredGroupCalendar, visit: Guest, observed: ObservedCalendar
) -> tuple[str, str]:
    state, reason = _state(visit.person, _invitation(group, visit, observed))
    meeting = next(m for m in group.facts.meetings if m.id == visit.meeting_id)
    return state, reason or f"guest in {name_meeting(meeting.number)}"


def _invitation(
    group: DesiredGroupCalendar, visit: Guest, observed: ObservedCalendar
) -> ObservedEvent | None:
    """Return the event on which a guest is invited: a single event, an exception or a series."""
    for wanted in group.events:
        if wanted.meeting_id == visit.meeting_id and visit.person.address in wanted.people:
            return observed.events.get(wanted.record.event_id) if wanted.record else None
    for series in group.series:
        for one in series.occurrences:
            if one.meeting_id == visit.meeting_id:
                exceptions = observed.exceptions.get(series.record.event_id, {})
                return exceptions.get(one.original) or series_of(series, observed)
    return find_series(group, observed)
