"""The groups of a cohort as rows: when they meet, who leads them, and whether they are set up."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from cohorts.group_labels import name_slot
from cohorts.models import Group
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.selectors import GroupView, describe_groups, read_context
from cohorts.reconcile.status_text import Level
from cohorts.words import name_day
from cohorts.zones import find_zone
from discordsync.joining.missing_people import read_join_states
from discordsync.joining.states import JoinState
from guestvisits.joining.joinable import next_place
from meetings.needs.upcoming import meetings_by_group
from meetings.plain_meetings import PlainMeeting

A_WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class CohortGroup:
    """A group.  `slot` is on its own clock, `slot_here` on the reader's if that differs.

    `problem`: what keeps it from being in sync, with the level's style; "" without one.
    """

    group: Group
    slot: str
    slot_here: str
    facilitators: tuple[str, ...]
    participants: int
    joined: int
    people: int
    next_meeting: PlainMeeting | None
    status: str
    problem: str = ""
    style: str = ""


def read_group_rows(facts: OpenCohorts, groups: Sequence[Group], zone: tzinfo) -> list[CohortGroup]:
    """Return these groups of the cohort that was read.  Three queries."""
    live = [group for group in groups if group.pk in facts.groups]
    views = {view.group.pk: view for view in describe_groups(live, read_context(facts.now))}
    return [_row(facts, group, views.get(group.pk), zone) for group in groups]


def _row(facts: OpenCohorts, group: Group, view: GroupView | None, zone: tzinfo) -> CohortGroup:
    members = facts.members_of.get(group.pk, [])
    states = facts.read(read_join_states)
    ahead = [m for m in facts.read(meetings_by_group).get(group.pk, ()) if m.starts_at > facts.now]
    # A moved meeting is no sign of the weekly time; the place that it left is.
    place = next_place(group, max(facts.now, ahead[0].starts_at - A_WEEK) if ahead else facts.now)
    worst = view.worst if view and view.places else None
    is_fine = worst is None or worst.level <= Level.FINE
    return CohortGroup(
        group=group,
        slot=name_slot(group),
        slot_here=_slot_here(group, place, zone),
        facilitators=tuple(member.name for member in members if member.is_facilitator),
        participants=sum(not member.is_facilitator for member in members),
        joined=sum(states.get(member.user_id) is JoinState.JOINED for member in members),
        people=len(members),
        next_meeting=ahead[0] if ahead else None,
        status=_describe(group),
        problem="" if is_fine or worst is None else worst.words,
        style="" if is_fine or worst is None else worst.level.css,
    )


def _slot_here(group: Group, place: datetime | None, zone: tzinfo) -> str:
    """Return the weekly time on the reader's clock; "" if it shows the same."""
    if place is None:
        return ""
    there, here = place.astimezone(find_zone(group.timezone)), place.astimezone(zone)
    return "" if there.utcoffset() == here.utcoffset() else f"{here:%a %H:%M} your time"


def _describe(group: Group) -> str:
    if group.status in Group.ENDED:
        when = f" on {name_day(group.ended_at, group.timezone)}" if group.ended_at else ""
        return f"{group.get_status_display()}{when}"
    if group.has_ended:
        return "Ended with the cohort"
    return "Set up" if group.set_up_at else "Not set up"
