"""Clock changes within ten days, for groups in which someone's local time changes."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from cohorts.needs.addresses import address_of
from cohorts.needs.group_needs import subject_of_group
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.words import count
from cohorts.zones import city_of, find_zone, known_zone
from meetings.needs.upcoming import meetings_by_group
from meetings.plain_meetings import PlainMeeting

CLOCK_CHANGE = "clock_change"
WITHIN = timedelta(days=10)


def find_clock_changes(facts: OpenCohorts) -> Iterator[Need]:
    for cohort_id, groups in facts.groups_of.items():
        subjects = []
        for group in groups:
            zones = {member.zone for member in facts.members_of.get(group.pk, ())}
            rows = facts.read(meetings_by_group).get(group.pk, ())
            if group.set_up_at and (
                note := describe_change(rows, group.timezone, zones, facts.now)
            ):
                subjects.append(subject_of_group(group, note, _button(group.pk)))
        if subjects:
            yield _need(cohort_id, tuple(subjects))


def _need(cohort_id: int, subjects: tuple[NeedSubject, ...]) -> Need:
    change = "changes" if len(subjects) == 1 else "change"
    sentence = f"Clocks change: the local time of {count(len(subjects), 'group')} {change} for some"
    return Need(CLOCK_CHANGE, cohort_id, sentence, subjects)


def _button(group_id: int) -> NeedButton:
    page = address_of("admin:meetings_group_move", group_id, "slot")
    return NeedButton("Change weekly time", page, ("meetings.change_meeting",))


def describe_change(
    rows: Collection[PlainMeeting], group_zone: str, zones: Collection[str], now: datetime
) -> str:
    """Return in which of these zones the local time of the meetings changes within ten days, or "".

    A group keeps its own wall time. So the local time changes in zones whose clocks change by
    another amount than the group's, between two consecutive meetings. Pure.
    """
    for before, after in pairwise(rows):
        if now < after.starts_at <= now + WITHIN:
            own = _clock_change(before, after, group_zone)
            names = sorted({known_zone(zone) for zone in zones})
            changed = [zone for zone in names if _clock_change(before, after, zone) != own]
            if changed:
                return "; ".join(_times(before, after, zone) for zone in changed)
    return ""


def _clock_change(before: PlainMeeting, after: PlainMeeting, zone: str) -> timedelta:
    offsets = (_local(row, zone).utcoffset() or timedelta() for row in (after, before))
    return next(offsets) - next(offsets)


def _local(row: PlainMeeting, zone: str) -> datetime:
    return row.starts_at.astimezone(find_zone(zone))


def _times(before: PlainMeeting, after: PlainMeeting, zone: str) -> str:
    return f"{city_of(zone)} {_local(before, zone):%H:%M} → {_local(after, zone):%H:%M}"
