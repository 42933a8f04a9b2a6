"""Find people's answers in the observed calendar. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from calendarsync.rsvp.dating import CalendarChanges
from calendarsync.rsvp.merge import NO_ANSWER, GoogleRsvp, read_response
from calendarsync.state import ids
from calendarsync.state.observed import ObservedCalendar, ObservedEvent

NO_CHANGES = CalendarChanges()


@dataclass(frozen=True, slots=True)
class EventPlace:
    """Where one meeting can be found.

    At `original`, its place in the rhythm, in one of its group's series (newest first), and in
    single events.
    """

    meeting_id: int
    original: datetime | None
    series_ids: tuple[str, ...]
    event_ids: tuple[str, ...]


def find_series(place: EventPlace, observed: ObservedCalendar) -> ObservedEvent | None:
    """Return the series, or the part that was split off from one, that has the meeting's
    occurrence."""
    for event_id in place.series_ids:
        parts = (part for part in observed.split_off if ids.base_of(part.id) == event_id)
        for series in (observed.events.get(event_id), *parts):
            if series and place.original and _holds(series, place.original, observed):
                return series
    return None


def _holds(series: ObservedEvent, original: datetime, observed: ObservedCalendar) -> bool:
    """Return whether the series has this occurrence.

    Moments are compared, because Google writes times in the calendar's own zone.
    """
    if series.is_cancelled or series.slot is None or original not in series.slot.starts():
        return False
    exception = observed.exceptions.get(series.id, {}).get(original)
    return exception is None or not exception.is_cancelled


def read_rsvps(
    place: EventPlace, observed: ObservedCalendar, changes: CalendarChanges = NO_CHANGES
) -> dict[str, GoogleRsvp]:
    """Return the answer of each person on the meeting's lists, by address in lower case.

    Empty if a list was truncated, because its missing entries are unknown.
    """
    series = find_series(place, observed)
    events = [event for pk in place.event_ids if (event := observed.events.get(pk))]
    singles = [event for event in events if not event.is_cancelled]
    exception = _exception(series, place, observed)
    if any(event.omitted for event in (series, exception, *singles) if event):
        return {}
    rsvps = dict(_of_series(series, exception, changes)) if series else {}
    return rsvps | dict(_of_singles(singles, changes))


def _exception(
    series: ObservedEvent | None, place: EventPlace, observed: ObservedCalendar
) -> ObservedEvent | None:
    if series is None or place.original is None:
        return None
    return observed.exceptions.get(series.id, {}).get(place.original)


def _of_series(
    series: ObservedEvent, exception: ObservedEvent | None, changes: CalendarChanges
) -> Iterator[tuple[str, GoogleRsvp]]:
    """Yield the answer of everyone on either list."""
    on_series = _answers(series)
    on_own = _answers(exception) if exception else {}
    for address in on_series.keys() | on_own.keys():
        own, whole = on_own.get(address, NO_ANSWER), on_series.get(address, NO_ANSWER)
        series_at = changes.date(series, address)
        own_at = changes.date(exception, address) if own and exception else series_at
        yield address, GoogleRsvp(own, whole, own_at, series_at=series_at, series_id=series.id)


def _of_singles(
    events: Iterable[ObservedEvent], changes: CalendarChanges
) -> Iterator[tuple[str, GoogleRsvp]]:
    for event in events:
        for address, answer in _answers(event).items():
            yield address, GoogleRsvp(answer, NO_ANSWER, changes.date(event, address))


def _answers(event: ObservedEvent) -> dict[str, str]:
    return {one.address: read_response(one.answer) for one in event.attendees}
