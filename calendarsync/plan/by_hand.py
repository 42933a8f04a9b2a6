"""Plan what is left to do in a series that someone has changed in Google Calendar. Pure.

Its rhythm is reported and stays as it is, so single occurrences cannot be corrected. Its list still
is. People who are not expected are also taken off the occurrences ahead that have a list of their
own.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime

from calendarsync.desired import (
    Addresses,
    DesiredCalendar,
    DesiredGroupCalendar,
    DesiredSeries,
)
from calendarsync.plan.diff import OCCURRENCE, compare, correct
from calendarsync.plan.series_state import is_in_rhythm
from calendarsync.state import ids
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from cohorts.reconcile.values import Action


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
    if wanted.people is None and wanted.ahead and is_changed_by_hand(wanted, series, observed):
        return series.people & _expected(group, wanted)
    return wanted.people


def is_changed_by_hand(
    wanted: DesiredSeries, series: ObservedEvent, observed: ObservedCalendar
) -> bool:
    return series.id in observed.split or not is_in_rhythm(wanted, series)


def _expected(group: DesiredGroupCalendar, wanted: DesiredSeries) -> Addresses:
    """Return the addresses of members, and of guests at any coming meeting of the series."""
    return group.members.union(*(one.people for one in wanted.occurrences))


def find_exceptions(
    series: ObservedEvent, observed: ObservedCalendar
) -> Iterator[tuple[datetime, ObservedEvent]]:
    """Yield the exceptions of a series, and of the parts that were split off from it, with their
    original starts."""
    for series_id, exceptions in observed.exceptions.items():
        if ids.base_of(series_id) == series.id:
            yield from exceptions.items()


def close_occurrences(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredSeries,
    exceptions: Iterable[tuple[datetime, ObservedEvent]],
    left_to_series: Addresses,
) -> Iterator[Action]:
    """Take people who are not expected off the occurrences ahead that have a list of their own.

    Nothing else is corrected there. Guests are known only where a meeting is still held at its
    place and time.
    """
    everyone = _expected(group, wanted)
    held = {(one.original, one.start): one.people for one in wanted.occurrences if one.people}
    for original, event in exceptions:
        if not event.is_cancelled and event.start and event.start > desired.now:
            people = event.people & held.get((original, event.start), everyone)
            diff = compare(group, event, people, unchanged=left_to_series)
            target = f"an occurrence of {group.facts.name}"
            yield from correct(group, OCCURRENCE, event, target, diff)
