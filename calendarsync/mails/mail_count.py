"""Count the e-mails that Google will send because a group's facts change. Pure.

The plan is carried out on the observed state alone, call by call, as a run does it at Google:

    call                      e-mails, as its sendUpdates allows
    ------------------------  --------------------------------------------------------------
    create an event           an invitation to everyone on it
    edit an event             invitations to new people, cancellations to removed ones, and an
                              update to all others. Google does not document whether these also
                              get one if only the list changes
    cancel an event           a cancellation to everyone on it; of a series, also to people who are
                              only on one of its occurrences

With sendUpdates=externalOnly Google sends none to people who use Google Calendar. That is known
only of Gmail's addresses and of those in the calendar's own domain.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from calendarsync.desired import Addresses, DesiredCalendar, DesiredGroupCalendar, desired_group
from calendarsync.plan.calls import (
    NOTIFY_ALL,
    NOTIFY_OUTSIDE,
    Call,
    CancelEvent,
    CreateEvent,
    EditEvent,
    ReadExceptions,
    Times,
)
from calendarsync.plan.plan import plan_group, view_group
from calendarsync.plan.series_state import find_series, next_mark
from calendarsync.state.facts import CalendarGroup
from calendarsync.state.ids import Mark
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from calendarsync.state.run_observation import RunObservation, StoredReading
from cohorts.reconcile.values import Action

GMAIL = frozenset({"gmail.com", "googlemail.com"})


@dataclass
class CountedMails:
    """E-mails by kind. `calendar_id`: its own address gets none. `at_most`: some are uncertain."""

    calendar_id: str
    invitations: int = 0
    updates: int = 0
    cancellations: int = 0
    at_most: bool = False

    def add(self, call: Call, observed: ObservedCalendar) -> None:
        match call:
            case CreateEvent():
                self.invitations += self._mailed(frozenset(call.people), NOTIFY_ALL)
            case EditEvent():
                self._add_edit(call)
            case CancelEvent():
                on_it = call.event.people | _only_on_occurrences(call.event, observed)
                self.cancellations += self._mailed(on_it, call.notify)

    def _add_edit(self, call: EditEvent) -> None:
        had = frozenset() if call.event.is_cancelled else call.event.people
        has = call.result().people
        self.invitations += self._mailed(has - had, call.notify)
        self.cancellations += self._mailed(had - has, call.notify)
        updated = self._mailed(had & has, call.notify)
        self.updates += updated
        self.at_most |= bool(updated) and not (call.times or call.details)

    def _mailed(self, people: Addresses, notify: str) -> int:
        """Return how many of these people get an e-mail at most."""
        others = people - {self.calendar_id.lower()}
        if notify == NOTIFY_ALL:
            return len(others)
        if notify != NOTIFY_OUTSIDE:
            return 0
        known = GMAIL | {self.calendar_id.lower().partition("@")[2]}
        outside = [one for one in others if one.partition("@")[2] not in known]
        self.at_most |= bool(outside)
        return len(outside)


def count_mails(
    desired: DesiredCalendar,
    group_id: int,
    change: Callable[[CalendarGroup], CalendarGroup],
    calendar_id: str,
) -> CountedMails:
    """Return the e-mails that a change of a group's facts will cause.

    What is left to do without the change is carried out first and not counted; copies of events may
    be some minutes old.
    """
    observed = _with_missing(desired, group_id)
    observed = _finish(desired, observed, group_id, CountedMails(calendar_id))
    facts = view_group(desired, observed, group_id)[0].facts
    group = desired_group(change(facts), desired.snapshot, desired.now)
    counted = CountedMails(calendar_id)
    _finish(replace(desired, groups={group_id: group}), observed, group_id, counted)
    return counted


def _with_missing(desired: DesiredCalendar, group_id: int) -> RunObservation:
    """Return the events that we have made since the copies were read."""
    observed = RunObservation()
    group, calendar = view_group(desired, observed, group_id)
    missing: list[CreateEvent] = []
    for series in group.series:
        if series.record.slot and series.record.event_id not in calendar.events:
            mark = Mark(desired.installation, group.facts.id, series.record.generation)
            people = tuple(series.people or ())
            details = replace(group.details, mark=mark)
            missing.append(CreateEvent(details, series.record.slot, people))
    for event in group.events:
        record = event.record
        if record and record.made and not record.gone and record.event_id not in calendar.events:
            mark = next_mark(desired.installation, group, event, calendar)
            when = Times(event.start, event.minutes, group.facts.zone)
            details = replace(group.details, mark=mark)
            missing.append(CreateEvent(details, when, tuple(event.people)))
    for call in missing:
        observed = observed.with_written(group_id, call.result())
    return observed


def _finish(
    desired: DesiredCalendar, observed: RunObservation, group_id: int, counted: CountedMails
) -> RunObservation:
    """Carry out the calls that are left for a group one by one, and count their e-mails."""
    done: set[str] = set()
    while True:
        group, calendar = view_group(desired, observed, group_id)
        action = next(_due(group, desired, calendar, done), None)
        if action is None:
            return observed
        if isinstance(action.payload, ReadExceptions):
            observed = observed.with_reading(StoredReading())
            continue
        done.add(action.key)
        counted.add(action.payload, calendar)
        observed = observed.with_written(group_id, action.payload.result())


def _due(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    observed: ObservedCalendar,
    done: set[str],
) -> Iterator[Action]:
    """Yield the calls that are left, in the order of a run, except the creation of a first series
    that nobody requested."""
    for action in sorted(plan_group(group, desired, observed), key=lambda each: each.rank):
        is_held = action.creates and (not group.facts.asked or find_series(group, observed))
        if not (is_held or action.key in done):
            yield action


def _only_on_occurrences(event: ObservedEvent, observed: ObservedCalendar) -> Addresses:
    """Return the people on single occurrences of a series."""
    exceptions = observed.exceptions.get(event.id, {}).values()
    lists = [one.people for one in exceptions if not one.is_cancelled]
    return frozenset().union(*lists)
