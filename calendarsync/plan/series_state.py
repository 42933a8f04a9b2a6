"""Determine the state of a group's series, and the issues that a person must know about. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from calendarsync.desired import (
    DesiredCalendar,
    DesiredEvent,
    DesiredGroupCalendar,
    DesiredSeries,
    desired_group,
)
from calendarsync.state import ids
from calendarsync.state.facts import CalendarGroup, CalendarPerson, EventRecord, SeriesRecord
from calendarsync.state.observed import ObservedCalendar, ObservedEvent
from cohorts.reconcile.values import Issue


def group_with_own_writes(
    desired: DesiredCalendar, group_id: int, observed: ObservedCalendar
) -> DesiredGroupCalendar:
    """Return a group's desired state, updated with the records of what we have just made.

    The outcome of our own call is in the observation at once, but in the snapshot only when it is
    read again.
    """
    group = desired.groups[group_id]
    for renew in (_with_series, _with_events, _with_addresses):
        facts = renew(desired.installation, group, observed)
        if facts != group.facts:
            group = _renew(facts, desired)
    return group


def _renew(facts: CalendarGroup, desired: DesiredCalendar) -> DesiredGroupCalendar:
    known = desired.renewed.get(facts.id)
    if known is None or known.facts != facts:
        known = desired.renewed[facts.id] = desired_group(facts, desired.snapshot, desired.now)
    return known


def _with_series(
    installation: str, group: DesiredGroupCalendar, observed: ObservedCalendar
) -> CalendarGroup:
    facts = group.facts
    known = tuple(_as_created(record, observed) for record in facts.all_series)
    mark = ids.Mark(installation, facts.id, facts.next_generation)
    event = observed.events.get(ids.make_id(mark))
    if event is None:
        return replace(facts, all_series=known)
    record = SeriesRecord(event.id, facts.next_generation, made=True, slot=event.slot)
    return replace(facts, all_series=(record, *known), next_generation=facts.next_generation + 1)


def _as_created(record: SeriesRecord, observed: ObservedCalendar) -> SeriesRecord:
    """Return an intent whose event exists as made, even if the response was lost."""
    event = None if record.made else observed.events.get(record.event_id)
    return replace(record, made=True, slot=event.slot or record.slot) if event else record


def _with_events(
    installation: str, group: DesiredGroupCalendar, observed: ObservedCalendar
) -> CalendarGroup:
    facts = group.facts
    marks = [next_mark(installation, group, wanted, observed) for wanted in group.events]
    made = [mark for mark in marks if ids.make_id(mark) in observed.events]
    if not made:
        return facts
    fresh = tuple(
        EventRecord(
            ids.make_id(mark),
            mark.generation,
            made=True,
            gone=False,
            meeting_id=mark.meeting_id or 0,
            person_id=mark.person_id,
        )
        for mark in made
    )
    ids_made = {record.event_id for record in fresh}
    older = (record for record in facts.events if record.event_id not in ids_made)
    return replace(facts, events=(*fresh, *older))


def _with_addresses(
    _installation: str, group: DesiredGroupCalendar, observed: ObservedCalendar
) -> CalendarGroup:
    facts = group.facts
    if not observed.refused | observed.stays:
        return facts
    return replace(
        facts,
        members=tuple(_with_address_status(person, observed) for person in facts.members),
        former=tuple(_with_address_status(person, observed) for person in facts.former),
        guests=tuple(
            replace(g, person=_with_address_status(g.person, observed)) for g in facts.guests
        ),
        exempt=tuple(
            replace(e, person=_with_address_status(e.person, observed)) for e in facts.exempt
        ),
    )


def _with_address_status(person: CalendarPerson, observed: ObservedCalendar) -> CalendarPerson:
    return replace(
        person,
        refused=person.refused or person.address in observed.refused,
        stays=person.stays or person.address in observed.stays,
    )


def next_mark(
    installation: str, group: DesiredGroupCalendar, wanted: DesiredEvent, observed: ObservedCalendar
) -> ids.Mark:
    """Return the mark of a single event to create.

    After a deleted one it has the next generation, because a deleted id cannot be used again.
    """
    record = wanted.record
    event = observed.events.get(record.event_id) if record else None
    generation = (record.generation if record else 1) + is_used_up(record, event)
    return ids.Mark(installation, group.facts.id, generation, wanted.meeting_id, wanted.person_id)


def is_used_up(record: EventRecord | None, event: ObservedEvent | None) -> bool:
    """Return whether a single event was cancelled, by us (`gone`) or by hand."""
    if record is None:
        return False
    return event.is_cancelled if event else record.gone


def series_of(wanted: DesiredSeries, observed: ObservedCalendar) -> ObservedEvent | None:
    """Return a recorded series as observed, even a cancelled one."""
    return observed.events.get(wanted.record.event_id)


def find_series(group: DesiredGroupCalendar, observed: ObservedCalendar) -> ObservedEvent | None:
    """Return the newest series as observed."""
    return series_of(group.series[0], observed) if group.series else None


def is_gone(group: DesiredGroupCalendar, observed: ObservedCalendar) -> bool:
    """Return whether the newest series was deleted while people still needed it."""
    series = find_series(group, observed)
    return series is not None and series.is_cancelled and group.series[0].is_needed


def is_in_rhythm(wanted: DesiredSeries, series: ObservedEvent) -> bool:
    """Return whether a series still has the times that it was made with."""
    slot = wanted.record.slot
    return bool(slot and series.slot and slot.same_times(series.slot))


def is_current(wanted: DesiredSeries, series: ObservedEvent) -> bool:
    """Return whether a series has anything ahead, also because someone has made it longer."""
    if wanted.people is not None or wanted.ahead:
        return True
    made, now = wanted.record.slot, series.slot
    return made is not None and (now is None or now.starts()[-1] > made.starts()[-1])


def find_issues(
    group: DesiredGroupCalendar, observed: ObservedCalendar, *, may_create: bool = False
) -> list[Issue]:
    """Return the issues of this group's calendar, most serious first."""
    codes = dict.fromkeys(_codes(group, observed, may_create))
    parts = find_later_parts_of(group, observed)
    names = ", ".join(sorted(_name_part(part) for part in parts))
    found = [Issue(group.facts.id, "series_continued", names)] if parts else []
    found += [Issue(group.facts.id, code) for code in codes]
    if refused := _refused(group):
        found.append(Issue(group.facts.id, "address_refused", ", ".join(refused)))
    return found


def find_later_parts_of(
    group: DesiredGroupCalendar, observed: ObservedCalendar
) -> list[ObservedEvent]:
    """Return the later parts of the group's series that Lens does not manage, also those that were
    split off from a series which does not exist any more."""
    series = {record.event_id for record in group.facts.all_series}
    existing = {pk for pk in series if (one := observed.events.get(pk)) and not one.is_cancelled}
    return [
        part
        for part in observed.later_parts
        if part.continues in series
        or ((mark := ids.read_id(part.continues)) and mark.group_id == group.facts.id)
    ] + [part for part in observed.split_off if ids.base_of(part.id) not in existing]


def _name_part(part: ObservedEvent) -> str:
    start = f"{part.start:%Y-%m-%d %H:%M} UTC" if part.start else "an unknown time"
    return f"“{part.details.summary}” from {start}"


def _refused(group: DesiredGroupCalendar) -> list[str]:
    """Return the people to invite whose address Google refuses."""
    people = {*group.facts.members, *(visit.person for visit in group.visits)}
    named = {f"{one.name} ({one.address})" for one in people if one.refused}
    return sorted(named) if group.facts.live else []


def _codes(
    group: DesiredGroupCalendar, observed: ObservedCalendar, may_create: bool
) -> Iterator[str]:
    if not group.series:  # no record, or an intent without an event
        if group.facts.live and (may_create or group.facts.asked or group.facts.set_up):
            yield from filter(None, [group.blocking_issue])
        return
    for wanted in group.series:
        series = series_of(wanted, observed)
        if series is not None and is_current(wanted, series):
            yield from _codes_of(wanted, series, observed)
    if group.mismatched:
        yield "mismatched_series"


def _codes_of(
    wanted: DesiredSeries, series: ObservedEvent, observed: ObservedCalendar
) -> Iterator[str]:
    if series.is_cancelled:
        # An older series may have been cancelled on purpose.
        yield from ["series_gone"] if wanted.is_needed else []
        return
    if series.id in observed.split:
        yield "series_split"
    elif not is_in_rhythm(wanted, series):
        yield "series_edited"
    if series.omitted or any(e.omitted for e in observed.exceptions.get(series.id, {}).values()):
        yield "attendees_omitted"
