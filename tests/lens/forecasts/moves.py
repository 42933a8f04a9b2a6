"""What the previews of moves and of another term promise."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time, timedelta
from typing import Any

from hypothesis import strategies as st

from cohorts.services.terms import Term, change_term, preview_term
from guestvisits.models import GuestVisit
from guestvisits.services.alternatives import find_alternatives
from meetings.meeting_times import MeetingTime
from meetings.moving.moves import (
    Add,
    Cancel,
    ChangeSlot,
    Move,
    Postpone,
    PutLast,
    Reschedule,
    Restore,
)
from meetings.moving.preview import Preview, preview_move
from meetings.moving.types import Change
from meetings.rhythm import Slot
from tests.lens.forecasts.promises import promise
from tests.lens.forecasts.world import HOUR, World, names, open_visits, spans, told

ASKING = {"substitute_offer", "substitute_closed", "substitute_question"}
Spans = dict[int, MeetingTime | None]


@promise("move: Reschedule")
def reschedule(world: World) -> bool:
    meeting, hours = world.meeting(), world.draw(st.integers(-48, 200))
    minutes = world.draw(st.sampled_from([None, 45, 120]))
    start = max(meeting.starts_at, world.now) + hours * HOUR
    return _check_move(world, Reschedule(meeting.pk, start, minutes))


@promise("move: Cancel")
def cancel(world: World) -> bool:
    return _check_move(world, Cancel(world.meeting().pk))


@promise("move: Restore")
def restore(world: World) -> bool:
    """Of a meeting that was moved or cancelled just before."""
    meeting = world.meeting()
    before = world.draw(
        st.sampled_from([Cancel(meeting.pk), Reschedule(meeting.pk, meeting.starts_at + 3 * HOUR)])
    )
    world.carry_out_move(before)
    world.update()
    world.send_everything()
    return _check_move(world, Restore(meeting.pk))


@promise("move: Postpone")
def postpone(world: World) -> bool:
    return _check_move(world, Postpone(world.meeting().pk))


@promise("move: PutLast")
def put_last(world: World) -> bool:
    return _check_move(world, PutLast(world.meeting().pk))


@promise("move: Add")
def add(world: World) -> bool:
    start = world.now + world.draw(st.integers(1, 400)) * HOUR
    return _check_move(world, Add(world.group().pk, start))


@promise("move: ChangeSlot")
def change_slot(world: World) -> bool:
    group, draw = world.group(), world.draw
    day = (world.now + timedelta(days=draw(st.integers(0, 15)))).date()
    zone = draw(st.sampled_from([group.timezone, "Europe/Berlin"]))
    slot = Slot(draw(st.integers(0, 6)), time(draw(st.integers(0, 23))), zone, 60)
    return _check_move(world, ChangeSlot(group.pk, day, slot))


@promise("term: preview_terms")
def change_start_or_number(world: World) -> bool:
    cohort = world.academy.cohort
    start = cohort.start_date + timedelta(days=world.draw(st.integers(-10, 14)))
    term = Term(start, world.draw(st.integers(1, 7)))
    preview = world.attempt(preview_term, cohort.pk, cohort.name, term, now=world.now)
    if preview is None:
        return False
    before, visits = spans(), open_visits(world.now)
    done = world.attempt(change_term, cohort.pk, term, seen=preview.digest, now=world.now)
    if done is None:
        return False
    world.update()
    groups: list[Preview] = list(preview.groups)
    _check_meetings(before, [change for group in groups for change in group.changes])
    _check_visits(groups, visits)
    _check_messages(world, groups)
    return True


# -- what every preview of moved meetings promises ------------------------------------------------


def _check_move(world: World, move: Move) -> bool:
    preview = world.attempt(preview_move, move, now=world.now)
    if preview is None:
        return False
    before, visits = spans(), open_visits(world.now)
    assert world.carry_out_move(move, seen=preview.digest), "what was previewed is not refused"
    world.update()
    _check_meetings(before, preview.changes)
    _check_visits([preview], visits)
    _check_options(world, preview, visits)
    _check_messages(world, [preview])
    return True


def _check_meetings(before: Spans, said: Iterable[Change]) -> None:
    """The meetings that are listed change as listed, from what they were, and no others do."""
    changes = list(said)
    listed = {one.meeting_id: one for one in changes if one.meeting_id}
    assert all(one.before == before[pk] for pk, one in listed.items())
    after = spans()
    assert {pk: after.get(pk) for pk in before} == before | {
        pk: one.after for pk, one in listed.items()
    }
    new = [span for pk, span in after.items() if pk not in before]
    added = [one.after for one in changes if one.meeting_id is None]
    assert sorted(map(str, new)) == sorted(map(str, added))


def _check_visits(previews: Iterable[Preview], before: dict[int, Any]) -> None:
    """The visits that are listed as ending end; the others stay as they are."""
    said = [one for each in previews for one in each.consequences]
    ends = sorted(one.name for one in said if one.options is not None)
    assert ends == sorted(visit.user.name for visit in _ended(before))
    rows = GuestVisit.objects.filter(pk__in=before, ended_at__isnull=True)
    assert all(before[row.pk][1:] == (row.host_meeting_id, row.chosen_start) for row in rows)


def _check_options(world: World, preview: Preview, before: dict[int, Any]) -> None:
    """What a guest could join instead is what the page offers afterwards."""
    for visit in _ended(before):
        said = [
            sorted((option.group, option.starts_at) for option in one.options)
            for one in preview.consequences
            if one.name == visit.user.name and one.options is not None
        ]
        found = find_alternatives(visit.user_id, visit.home_meeting_id, world.now).open
        offered = sorted((one.meeting.group.name, one.meeting.starts_at) for one in found)
        assert offered in said, visit.user.name


def _ended(before: dict[int, Any]) -> Iterable[GuestVisit]:
    return GuestVisit.objects.filter(pk__in=before, ended_at__isnull=False).select_related("user")


def _check_messages(world: World, previews: Iterable[Preview]) -> None:
    """Those who are listed get a message. Others are only asked to lead, or asked no longer."""
    listed = {one.user_id for each in previews for one in each.affected}
    found = told(world.now)
    others = {user for user, kinds in found.items() if kinds <= ASKING}
    assert names(found.keys() - (others - listed)) == names(listed), found
