"""Plan what is left to do in a series that someone has changed in Google Calendar. Pure.

Its rhythm is reported and stays as it is, so single occurrences cannot be corrected. Its list still
is, and so are those of the parts that were split off from it. People who are not expected are also
taken off the occurrences ahead that have a list of their own.
"""

from collections.abc import Iterator
from datetime import datetime

from calendarsync.desired import (
    NOBODY,
    Addresses,
    DesiredCalendar,
    DesiredGroupCalendar,
    DesiredSeries,
)
from calendarsync.plan.diff import OCCURRENCE, SERIES, compare, correct
from calendarsync.plan.series_state import is_current, is_in_rhythm
from calendarsync.state import ids
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from cohorts.reconcile.values import Action


def is_changed_by_hand(
    wanted: DesiredSeries, series: ObservedEvent, observed: ObservedCalendar
) -> bool:
    return series.id in observed.split or not is_in_rhythm(wanted, series)


def people_of_series(
    group: DesiredGroupCalendar,
    wanted: DesiredSeries,
    series: ObservedEvent,
    observed: ObservedCalendar,
) -> Addresses | None:
    """Return the addresses for a series' list, or None if it stays as it is.

    If occurrences ahead were changed by hand, they cannot be corrected one by one. People who are
    not expected are then taken off the whole series.
    """
    is_ahead = wanted.people is None and is_current(wanted, series)
    if is_ahead and is_changed_by_hand(wanted, series, observed):
        return series.people & _expected(group, wanted)
    return wanted.people


def _expected(group: DesiredGroupCalendar, wanted: DesiredSeries) -> Addresses:
    """Return the addresses of members, and of guests at any coming meeting of the series."""
    return group.members.union(*(one.people for one in wanted.occurrences))


def correct_lists(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredSeries,
    observed: ObservedCalendar,
    left_to_series: Addresses,
) -> Iterator[Action]:
    """Correct the lists of the parts that were split off, and take people who are not expected off
    the occurrences ahead that have a list of their own.

    Nothing else is corrected there. Guests are known only where a meeting is still held at its
    place and time.
    """
    series_id, everyone = wanted.record.event_id, _expected(group, wanted)
    left = {series_id: left_to_series}
    for part in observed.split_off:
        is_over = part.slot and part.slot.starts()[-1] <= desired.now
        if ids.base_of(part.id) == series_id and not is_over:
            people = part.people & everyone if wanted.people is None else wanted.people
            diff = compare(group, part, people)
            left[part.id] = diff.missing | diff.explained | diff.unexplained
            target = f"later part of the series of {group.facts.name}"
            yield from correct(group, SERIES, part, target, diff)
    held = {(one.original, one.start): one.people for one in wanted.occurrences if one.people}
    for original, event in _find_exceptions(series_id, observed):
        if not event.is_cancelled and event.start and event.start > desired.now:
            people = event.people & held.get((original, event.start), everyone)
            diff = compare(group, event, people, unchanged=left.get(event.whole_id, NOBODY))
            target = f"an occurrence of {group.facts.name}"
            yield from correct(group, OCCURRENCE, event, target, diff)


def _find_exceptions(
    series_id: str, observed: ObservedCalendar
) -> Iterator[tuple[datetime, ObservedEvent]]:
    """Yield the exceptions of a series, and of the parts that were split off from it, with their
    original starts."""
    for whole_id, exceptions in observed.exceptions.items():
        if ids.base_of(whole_id) == series_id:
            yield from exceptions.items()
