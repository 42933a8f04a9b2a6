"""Plan the calls that are left to do. Pure: no Django, no network, no clock.

    record of the series          observed series         what follows
    ----------------------------  ----------------------  ------------------------------------------
    none                          -                       create, if it was requested
    intended, no response         does not exist          create with the same id
    intended, no response         exists                  as made
    made                          cancelled               reported; recreated only if staff say so;
                                                          single events that exist are compared
    made                          times edited by hand    reported; texts and list still compared;
                                    or split by hand      who leaves is taken off the rest of it
    made                          exists                  texts and list are compared
    made, of another rhythm       exists                  another one is made; once that exists,
                                                          the older one's places are cancelled
    made, a newer has all of it   exists                  cancelled as a whole
      and, once what that write did to its exceptions has been read:
        an occurrence             differs                 move, cancel, restore, list
        a single event            missing, cancelled      create
        a single event            differs                 texts, time, list
        a single event            not desired             cancel

People who are being erased are removed from every event first, also from past ones.

People whose access has a recorded end are removed first, without waiting for anything. Every other
address is removed by a call of its own, which the removal guard can hold.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from calendarsync.desired import (
    NOBODY,
    Addresses,
    DesiredCalendar,
    DesiredEvent,
    DesiredGroupCalendar,
    DesiredOccurrence,
    DesiredSeries,
)
from calendarsync.plan.by_hand import correct_lists, is_changed_by_hand, people_of_series
from calendarsync.plan.calls import (
    NOTIFY_ALL,
    NOTIFY_NONE,
    NOTIFY_OUTSIDE,
    CancelEvent,
    CreateEvent,
    EditEvent,
    ReadExceptions,
    Times,
)
from calendarsync.plan.diff import (
    CREATE,
    OCCURRENCE,
    READ,
    REVOKE,
    SERIES,
    SINGLE,
    compare,
    correct,
    make_action,
)
from calendarsync.plan.series_state import (
    find_issues,
    find_series,
    group_with_own_writes,
    is_gone,
    is_used_up,
    next_mark,
    series_of,
)
from calendarsync.state import ids
from calendarsync.state.ids import Mark
from calendarsync.state.observed import ObservedCalendar, ObservedEvent, occurrence_of
from calendarsync.state.run_observation import RunObservation
from calendarsync.state.slots import SeriesSlot
from cohorts.reconcile.values import Action, Issue, IssueCode, Plan, Policy, Withheld


def plan(desired: DesiredCalendar, observed: RunObservation, policy: Policy) -> Plan:
    """Return what is left for the policy's groups. Other groups are only compared if anyone would
    be removed without a recorded reason: the guard judges nothing else."""
    found = plan_groups(desired, observed, policy, policy.groups & desired.groups.keys())
    if not found.has_removals:
        return found
    people: set[str] = set()
    removals: set[tuple[int, str]] = set()
    for group_id in desired.groups:
        group, calendar = view_group(desired, observed, group_id)
        people |= _people(group, calendar)
        actions = plan_group(group, desired, calendar)
        removals |= {(group_id, action.removes) for action in actions if action.removes}
    return replace(found, people=len(people), removals=frozenset(removals))


def plan_groups(
    desired: DesiredCalendar, observed: RunObservation, policy: Policy, group_ids: Iterable[int]
) -> Plan:
    """Return what is left for these groups, without the guard's numbers."""
    actions: list[Action] = []
    withheld: list[Withheld] = []
    issues: list[Issue] = []
    for group_id in sorted(group_ids):
        group, calendar = view_group(desired, observed, group_id)
        for action in plan_group(group, desired, calendar):
            if reason := _find_refusal(action, group, calendar, policy):
                withheld.append(Withheld(action, reason))
            else:
                actions.append(action)
        issues += find_issues(group, calendar, may_create=group_id in policy.may_create)
    return Plan(tuple(actions), tuple(withheld), tuple(issues))


def view_group(
    desired: DesiredCalendar, observed: RunObservation, group_id: int
) -> tuple[DesiredGroupCalendar, ObservedCalendar]:
    """Return a group with the records of what this run has made, and its events."""
    calendar = observed.of_group(group_id, desired.snapshot.copies.get(group_id, {}))
    return group_with_own_writes(desired, group_id, calendar), calendar


def _find_refusal(
    action: Action, group: DesiredGroupCalendar, observed: ObservedCalendar, policy: Policy
) -> str:
    """Return the code of the reason why the policy forbids an action, or "" if it does not."""
    if not action.creates:
        return ""
    if find_series(group, observed) is not None:
        return "series_gone"
    return "" if group.facts.id in policy.may_create else IssueCode.NOT_REALIZED


def _people(group: DesiredGroupCalendar, observed: ObservedCalendar) -> set[str]:
    """Return everyone who is on a list of the group or should be."""
    ours = {record.event_id for record in group.facts.all_series}
    ours |= {record.event_id for record in group.facts.events}
    lists = [
        event.people - event.belonging
        for event in observed.events.values()
        if not event.is_cancelled and ids.base_of(event.whole_id) in ours
    ]
    return set().union(*lists, *(series.people or NOBODY for series in group.series))


# -- one group -------------------------------------------------------------------------------


def plan_group(
    group: DesiredGroupCalendar, desired: DesiredCalendar, observed: ObservedCalendar
) -> Iterator[Action]:
    """Yield all actions that are left for a group, whether or not the policy allows them."""
    yield from _remove_erased(group, desired, observed)
    yield from _cancel_unwanted(group, observed)
    lacks_series = not group.series or is_gone(group, observed)
    if lacks_series:
        # Planned even if the series was deleted; `_find_refusal` then withholds it.
        yield from _create_series(group, desired, group.make, creates=True)
    else:
        yield from _create_series(group, desired, group.next_series, creates=False)
    for event in group.events:
        yield from _compare_event(group, desired, event, observed, may_create=not lacks_series)
    for wanted in group.series:
        series = series_of(wanted, observed)
        if series is None or series.is_cancelled:
            continue
        if wanted.unwanted and series.id not in observed.split:
            yield from _cancel_series(group, series, observed)
        else:
            yield from _compare_series(group, desired, wanted, series, observed)
            yield from _compare_occurrences(group, desired, wanted, series, observed)


def _remove_erased(
    group: DesiredGroupCalendar, desired: DesiredCalendar, observed: ObservedCalendar
) -> Iterator[Action]:
    """Remove people who are being erased from all events of the group, also past ones."""
    for event in observed.events.values() if desired.snapshot.erased else ():
        leaving = (event.people & desired.snapshot.erased) - event.belonging
        if leaving and not event.is_cancelled and not event.continues:
            call = EditEvent(event, remove=leaving, notify=NOTIFY_NONE)
            target, why = f"an event of {group.facts.name}", "a person's data are erased"
            yield make_action(group, REVOKE, call, f"{event.id} erased", target, why, ends=True)


def _create_series(
    group: DesiredGroupCalendar, desired: DesiredCalendar, slot: SeriesSlot | None, *, creates: bool
) -> Iterator[Action]:
    """Yield the creation of a series.

    `creates`: it is the first one, which someone must have requested. Another one follows from
    the data of a group whose series exists.
    """
    facts = group.facts
    if slot is None:
        return
    generation = facts.intent.generation if facts.intent else facts.next_generation
    details = replace(group.details, mark=Mark(desired.installation, facts.id, generation))
    call = CreateEvent(details, slot, tuple(sorted(group.members)))
    why = f"{slot.count} weeks, {len(call.people)} people invited"
    target = f"series of {facts.name}"
    rank = CREATE if creates else SERIES
    yield make_action(group, rank, call, call.event_id, target, why, creates=creates)


def _cancel_series(
    group: DesiredGroupCalendar, series: ObservedEvent, observed: ObservedCalendar
) -> Iterator[Action]:
    """Cancel an older series unless the newer one is gone, so that people keep an invitation."""
    if not is_gone(group, observed):
        call, target = CancelEvent(series, NOTIFY_OUTSIDE), f"series of {group.facts.name}"
        yield make_action(
            group, OCCURRENCE, call, series.id, target, "a newer series has all its meetings"
        )


def _compare_series(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredSeries,
    series: ObservedEvent,
    observed: ObservedCalendar,
) -> Iterator[Action]:
    people = people_of_series(group, wanted, series, observed)
    if people is None:
        return
    mark = Mark(desired.installation, group.facts.id, wanted.record.generation)
    diff = compare(group, series, people, details=replace(group.details, mark=mark))
    yield from correct(group, SERIES, series, f"series of {group.facts.name}", diff)


def _compare_occurrences(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredSeries,
    series: ObservedEvent,
    observed: ObservedCalendar,
) -> Iterator[Action]:
    if any(ids.base_of(pk) == series.id for pk in observed.unread):
        target, why = f"exceptions of {group.facts.name}", "the series was just changed"
        yield make_action(group, READ, ReadExceptions(), series.id, target, why)
        return
    people = people_of_series(group, wanted, series, observed)
    # One call to the series adds and removes these. None is made if its list is not known.
    left_to_series = NOBODY if people is None or series.omitted else people ^ series.people
    if is_changed_by_hand(wanted, series, observed):
        if people is not None:
            yield from correct_lists(group, desired, wanted, observed, left_to_series)
        return
    own = observed.exceptions.get(series.id, {})
    is_newer_gone = is_gone(group, observed)
    for one in wanted.occurrences:
        exception = own.get(one.original)
        if not one.cancelled:
            yield from _compare_occurrence(group, series, one, exception, left_to_series)
        elif not (one.elsewhere and is_newer_gone):
            event = exception or occurrence_of(series, one.original)
            yield from _cancel_occurrence(group, desired, one, event)


# -- one occurrence --------------------------------------------------------------------------


def _cancel_occurrence(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredOccurrence,
    event: ObservedEvent,
) -> Iterator[Action]:
    if event.is_cancelled or (event.start or wanted.original) <= desired.now:
        return
    why = "a newer series includes it" if wanted.elsewhere else "this meeting is cancelled"
    # People know this from the invitation to the newer series, or from the ending letter.
    is_known = wanted.elsewhere or not group.facts.live
    call = CancelEvent(event, NOTIFY_OUTSIDE if is_known else NOTIFY_ALL)
    yield make_action(group, OCCURRENCE, call, event.id, wanted.name, why)


def _compare_occurrence(
    group: DesiredGroupCalendar,
    series: ObservedEvent,
    wanted: DesiredOccurrence,
    exception: ObservedEvent | None,
    left_to_series: Addresses,
) -> Iterator[Action]:
    plain = occurrence_of(series, wanted.original)
    event = exception or plain
    is_off = event.is_cancelled
    if is_off:
        # Google returns a cancelled occurrence without its attendees; take them from its series.
        event = replace(plain, id=event.id, etag=event.etag, status=event.status)
    diff = compare(
        group,
        event,
        wanted.people,
        times=Times(wanted.start, wanted.minutes, group.facts.zone),
        unchanged=left_to_series,
        restore=is_off,
    )
    # People who are invited to the series know its occurrences unless they are moved.
    notified = series.people if wanted.start == wanted.original else NOBODY
    yield from correct(group, OCCURRENCE, event, wanted.name, diff, notified=notified)


# -- single events ---------------------------------------------------------------------------


def _compare_event(
    group: DesiredGroupCalendar,
    desired: DesiredCalendar,
    wanted: DesiredEvent,
    observed: ObservedCalendar,
    *,
    may_create: bool,
) -> Iterator[Action]:
    record = wanted.record
    event = observed.events.get(record.event_id) if record else None
    used_up = is_used_up(record, event)
    mark = next_mark(desired.installation, group, wanted, observed)
    details = replace(group.details, mark=mark)
    times = Times(wanted.start, wanted.minutes, group.facts.zone)
    if event is not None and not used_up:
        diff = compare(group, event, wanted.people, details=details, times=times)
        yield from correct(group, SINGLE, event, wanted.name, diff)
    elif may_create and (used_up or record is None or not record.made):
        call = CreateEvent(details, times, tuple(sorted(wanted.people)))
        why = f"it is outside the series; {len(call.people)} people invited"
        yield make_action(group, SINGLE, call, call.event_id, wanted.name, why)


def _cancel_unwanted(group: DesiredGroupCalendar, observed: ObservedCalendar) -> Iterator[Action]:
    """Cancel single events that are not desired. This never depends on the state of the series."""
    for record in group.unwanted:
        event = observed.events.get(record.event_id)
        if event is not None and not event.is_cancelled:
            target, why = f"single event of {group.facts.name}", "no longer needed"
            yield make_action(group, REVOKE, CancelEvent(event), event.id, target, why)
