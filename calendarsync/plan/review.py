"""Report the state of one group's calendar. Pure."""

from collections.abc import Iterator, Mapping

from calendarsync.desired import DesiredCalendar, DesiredGroupCalendar
from calendarsync.plan.drift import find_drift
from calendarsync.plan.plan import view_group
from calendarsync.plan.series_state import find_issues, find_series, series_of
from calendarsync.state.facts import CalendarPerson, Guest
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from calendarsync.state.run_observation import RunObservation
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
ALL_OVER = "all meetings are over"
# What invites to coming meetings, by meeting, and by guest if it is for a guest alone; None if it
# does not exist yet.
Invitations = Mapping[tuple[int, int | None], ObservedEvent | None]


def review(desired: DesiredCalendar, observed: RunObservation, group_id: int) -> Review:
    if group_id not in desired.groups:
        return Review(ready=False)  # history: neither live nor asked for
    group, calendar = view_group(desired, observed, group_id)
    issues = find_issues(group, calendar)
    return Review(
        ready=_is_ready(group, calendar),
        issue=issues[0].code if issues else "",
        detail=issues[0].detail if issues else "",
        next_at=group.next_at,
        access=tuple(_access(group, calendar)),
        drift=tuple(find_drift(group, calendar)),
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
    ahead = _find_invitations(group, observed)
    for person in group.facts.members:
        yield Access(person.id, *_member_state(group, person, series, ahead))
    exempt = {one.person.id: one.person for one in group.facts.exempt}
    members = {person.id for person in group.facts.members}
    for person in exempt.values():
        if person.id not in members and series and person.address in series.people:
            yield Access(person.id, GRANTED, "by an exception")
    guests = {visit.person.id: visit for visit in group.visits}
    for person_id, visit in guests.items():
        if person_id not in members | set(exempt):
            of_meeting = ahead.get((visit.meeting_id, None), series)
            event = ahead.get((visit.meeting_id, person_id), of_meeting)
            yield Access(person_id, *_guest_state(group, visit, event))


def _find_invitations(group: DesiredGroupCalendar, observed: ObservedCalendar) -> Invitations:
    found: dict[tuple[int, int | None], ObservedEvent | None] = {}
    for series in group.series:
        exceptions = observed.exceptions.get(series.record.event_id, {})
        for one in series.occurrences:
            if one.meeting_id and not one.cancelled:
                event = exceptions.get(one.original) or series_of(series, observed)
                found[one.meeting_id, None] = event
    for wanted in group.events:
        event = observed.events.get(wanted.record.event_id) if wanted.record else None
        found[wanted.meeting_id, wanted.person_id] = event
    return found


def _member_state(
    group: DesiredGroupCalendar,
    person: CalendarPerson,
    series: ObservedEvent | None,
    ahead: Invitations,
) -> tuple[str, str]:
    """Return the state of a member: on the series, or once that is over on what is still ahead."""
    if not group.series or group.people is not None or group.next_series:
        return _state(person, series)
    events = [event for (_, guest_id), event in ahead.items() if guest_id is None]
    states = [_state(person, event) for event in events or [None]]
    state = next((one for one in states if one[0] != GRANTED), (GRANTED, ""))
    return (GRANTED, ALL_OVER) if not events and state[0] == PENDING else state


def _guest_state(
    group: DesiredGroupCalendar, visit: Guest, event: ObservedEvent | None
) -> tuple[str, str]:
    state, reason = _state(visit.person, event)
    meeting = next(m for m in group.facts.meetings if m.id == visit.meeting_id)
    return state, reason or f"guest in {name_meeting(meeting.number)}"


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
