"""What is left to do.  Pure: no Django, no network, no clock.

    the record of the series      the series outside      what follows
    ----------------------------  ----------------------  ------------------------------------------
    none                          -                       create, where it was asked for
    intended, no answer came      not there               create with the same id
    intended, no answer came      there                   as made
    made                          cancelled               reported; made anew only when staff say so
    made                          other times by hand     reported; words and list are kept
    made                          split by hand           reported; words and list are kept
    made                          there                   words and list are compared
      and, once what that write did to its exceptions has been read:
        an occurrence             differs                 move, cancel, bring back, list
        a single event            not there, cancelled    create
        a single event            differs                 words, time, list
        a single event            not wanted              cancel

Who leaves a list by a dated fact goes first and waits for nothing; anybody else is removed by a
call of their own, which the guard can hold back.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from calendarsync.calls import Cancel, Create, Look, Times
from calendarsync.desired import (
    NOBODY,
    Addresses,
    Desired,
    WantedEvent,
    WantedGroup,
    WantedOccurrence,
)
from calendarsync.differences import (
    LEAVE,
    LOOK,
    MAKE,
    OCCURRENCE,
    SERIES,
    SINGLE,
    compare,
    make_action,
    mend,
)
from calendarsync.facts import SeriesRecord
from calendarsync.ids import Mark
from calendarsync.observed import Event, Observed, occurrence_of
from calendarsync.standing import (
    catch_up,
    find_series,
    find_troubles,
    is_in_rhythm,
    is_to_make,
    is_used_up,
    mark_to_make,
)
from cohorts.sync.mirror import Action, Plan, Policy, Withheld


def plan(desired: Desired, observed: Observed, policy: Policy) -> Plan:
    desired = catch_up(desired, observed)
    found = {
        pk: list(plan_group(group, desired.installation, observed))
        for pk, group in desired.groups.items()
    }
    due = [action for pk, actions in found.items() if pk in policy.groups for action in actions]
    reasons = [_refusal(action, desired, observed, policy) for action in due]
    return Plan(
        actions=tuple(a for a, reason in zip(due, reasons, strict=True) if not reason),
        withheld=tuple(
            Withheld(a, reason) for a, reason in zip(due, reasons, strict=True) if reason
        ),
        troubles=tuple(
            trouble
            for pk, group in desired.groups.items()
            if pk in policy.groups
            for trouble in find_troubles(group, observed, may_create=pk in policy.may_create)
        ),
        people=len(_people(desired, observed)),
        removals=frozenset(
            (pk, action.removes)
            for pk, actions in found.items()
            for action in actions
            if action.removes
        ),
    )


def _refusal(action: Action, desired: Desired, observed: Observed, policy: Policy) -> str:
    """Why the policy forbids an action; "" when it does not."""
    if not action.creates or action.group_id is None:
        return ""
    if find_series(desired.groups[action.group_id], observed) is not None:
        return "series_gone"
    return "" if action.group_id in policy.may_create else "needs_infrastructure"


def _people(desired: Desired, observed: Observed) -> set[str]:
    """Everybody who is on a list or should be.  What is over for long counts no more, though a
    full reading brings it along."""
    ours = {
        record.event_id
        for group in desired.groups.values()
        for record in (group.facts.series, *group.facts.events)
        if record
    }
    lists = [
        event.people - event.belonging
        for event in observed.events.values()
        if not event.is_cancelled and (event.id in ours or event.series_id in ours)
    ]
    wanted = [group.people or NOBODY for group in desired.groups.values()]
    return set().union(*lists, *wanted)


# -- one group -------------------------------------------------------------------------------


def plan_group(group: WantedGroup, installation: str, observed: Observed) -> Iterator[Action]:
    """Everything that is left for a group, whether or not it is allowed."""
    yield from _cancel_unwanted(group, observed)
    series, record = find_series(group, observed), group.facts.series
    if is_to_make(group, observed) or (series is not None and series.is_cancelled):
        yield from _make_series(group, installation)
    elif series is not None and record is not None:
        yield from _keep_series(group, installation, series, record)
        yield from _keep_what_hangs(group, installation, series, observed)


def _make_series(group: WantedGroup, installation: str) -> Iterator[Action]:
    """Also for one that is gone; then the policy withholds it."""
    facts, slot = group.facts, group.make
    if slot is None:
        return
    again = facts.series is not None and not facts.series.made
    generation = facts.series.generation if facts.series and again else facts.next_generation
    face = replace(group.face, mark=Mark(installation, facts.id, generation))
    people = {person.address for person in facts.members if person.address}
    starts = set(slot.starts())
    places = [(m.id, m.rhythm_at) for m in facts.meetings if m.rhythm_at in starts and m.rhythm_at]
    call = Create(face, slot, tuple(sorted(people)), tuple(places))
    why = f"{slot.count} weeks, {len(people)} people invited"
    target = f"series of {facts.name}"
    yield make_action(group, MAKE, call, call.event_id, target, why, creates=True)


def _keep_series(
    group: WantedGroup, installation: str, series: Event, record: SeriesRecord
) -> Iterator[Action]:
    if group.people is None:
        return
    face = replace(group.face, mark=Mark(installation, group.facts.id, record.generation))
    difference = compare(group, series, group.people, face=face)
    yield from mend(group, SERIES, series, f"series of {group.facts.name}", difference)


def _keep_what_hangs(
    group: WantedGroup, installation: str, series: Event, observed: Observed
) -> Iterator[Action]:
    if series.id in observed.unread:
        target, why = f"exceptions of {group.facts.name}", "their series was just changed"
        yield make_action(group, LOOK, Look(), series.id, target, why)
        return
    if is_in_rhythm(group, series) and series.id not in observed.split:
        exceptions = observed.exceptions.get(series.id, {})
        for wanted in group.occurrences:
            yield from _keep_occurrence(group, series, wanted, exceptions.get(wanted.original))
    for event in group.events:
        yield from _keep_event(group, installation, event, observed)


# -- one occurrence --------------------------------------------------------------------------


def _keep_occurrence(
    group: WantedGroup, series: Event, wanted: WantedOccurrence, exception: Event | None
) -> Iterator[Action]:
    plain = occurrence_of(series, wanted.original)
    is_off = exception is not None and exception.is_cancelled
    if wanted.cancelled:
        if not is_off:
            event, why = exception or plain, "it does not take place"
            yield make_action(group, OCCURRENCE, Cancel(event), event.id, wanted.name, why)
        return
    event = exception or plain
    if is_off:
        # Google names a cancelled occurrence and says no more: its series says who was on it.
        event = replace(plain, id=event.id, etag=event.etag, status=event.status)
    difference = compare(
        group,
        event,
        wanted.people,
        times=Times(wanted.start, wanted.minutes, group.facts.zone),
        leave_alone=_left_to_the_series(group, series),
        restore=is_off,
    )
    # Whoever is on the series knows of an occurrence that is where the series puts it.
    told = series.people if wanted.start == wanted.original else NOBODY
    yield from mend(group, OCCURRENCE, event, wanted.name, difference, told=told)


def _left_to_the_series(group: WantedGroup, series: Event) -> Addresses:
    """Members who are still to join the series or to leave it, by one call there."""
    members = group.people or NOBODY
    return (members - series.people) | (series.people - members)


# -- single events ---------------------------------------------------------------------------


def _keep_event(
    group: WantedGroup, installation: str, wanted: WantedEvent, observed: Observed
) -> Iterator[Action]:
    record = wanted.record
    event = observed.events.get(record.event_id) if record else None
    used_up = is_used_up(record, event)
    mark = mark_to_make(installation, group, wanted, observed)
    face = replace(group.face, mark=mark)
    times = Times(wanted.start, wanted.minutes, group.facts.zone)
    if event is not None and not used_up:
        difference = compare(group, event, wanted.people, face=face, times=times)
        yield from mend(group, SINGLE, event, wanted.name, difference)
    elif used_up or record is None or not record.made:
        call = Create(face, times, tuple(sorted(wanted.people)))
        why = f"it stands outside the series; {len(call.people)} people invited"
        yield make_action(group, SINGLE, call, call.event_id, wanted.name, why)


def _cancel_unwanted(group: WantedGroup, observed: Observed) -> Iterator[Action]:
    """Whatever became of the series: an end waits for nothing."""
    for record in group.unwanted:
        event = observed.events.get(record.event_id)
        if event is not None and not event.is_cancelled:
            target, why = f"single event of {group.facts.name}", "nothing wants it any more"
            yield make_action(group, LEAVE, Cancel(event), event.id, target, why)
