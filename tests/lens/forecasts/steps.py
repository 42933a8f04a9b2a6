"""What the previews of changes of a whole cohort promise."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from cohorts.models import Cohort, CohortStep, Group, Membership
from cohorts.steps.registry import StepPreview
from guestvisits.ending.plans import read_end
from guestvisits.merging.merge_plan import read_merge
from guestvisits.models import GuestVisit
from meetings.models import Meeting
from meetings.moving.types import Change
from tests.lens.forecasts.promises import promise
from tests.lens.forecasts.world import HOUR, World, members, names, open_visits, spans, told

Status = Membership.Status
Params = dict[str, Any]


@promise("step: break")
def take_a_break(world: World) -> bool:
    return _check_break(world, "break", _draw_break(world))


@promise("step: break_undo")
def undo_a_break(world: World) -> bool:
    """Also after people have acted in between."""
    params = _draw_break(world)
    asked = world.wanted_step("break", params)
    if asked is None:
        return False
    done = world.carry_out_step("break", params, asked[1].digest)
    for happen in world.draw(st.lists(st.sampled_from(["_book", "_answer", "_move"]), max_size=3)):
        getattr(world, happen)()
    world.update()
    world.send_everything()
    return _check_break(world, "break_undo", {"step": done.pk})


@promise("step: merge")
def merge(world: World) -> bool:
    source, target = world.draw(st.permutations("ABC"))[:2]
    said = {one: world.draw(st.booleans()) for one in ("facilitators_come", "guests_come")}
    groups = world.academy.groups
    params = {
        "source_id": groups[source].pk,
        "target_id": groups[target].pk,
        "raise_size": True,
        **said,
    }
    asked = world.wanted_step("merge", params)
    if asked is None:
        return False
    step, preview = asked
    plan, before, visits, held = (
        read_merge(step, world.now),
        members(),
        open_visits(world.asked_at),
        spans(),
    )
    done = world.carry_out_step("merge", params, preview.digest)

    left = {one.pk for one in (*plan.movers, *plan.leavers)}
    joined = {(one.user_id, plan.target.pk, one.role) for one in plan.movers}
    after = members()
    assert {pk: row for pk, row in before.items() if pk not in left} == {
        pk: row for pk, row in after.items() if pk in before
    }
    assert {row for pk, row in after.items() if pk not in before} == joined
    merged = Group.objects.select_related("cohort").get(pk=plan.source.pk)
    assert merged.status == Group.Status.MERGED
    _check_archive(merged, plan.reads_until)
    assert Group.objects.get(pk=plan.target.pk).size == (plan.new_size or plan.target.size)
    assert spans() == held, "meetings stay as they are"
    _check_visits(
        world,
        visits,
        ended={one.pk for one in (*plan.ended_visits, *plan.own_visits)},
        to={one.visit.pk: (one.to.pk, one.to.starts_at) for one in plan.visits},
    )
    ended = {one.user_id for one in plan.ended_visits}
    _check_messages(world, preview, done, also=ended)
    return True


@promise("step: end")
def end(world: World) -> bool:
    return _end(world) is not None


@promise("step: reopen")
def reopen(world: World) -> bool:
    """After the letters went to some, and people joined other groups in between."""
    before = members()
    ended = _end(world)
    if ended is None:
        return False
    if world.draw(st.booleans()):
        world.send_everything()
    world.pass_time(world.draw(st.sampled_from([HOUR, timedelta(days=8)])))
    asked = world.wanted_step("reopen", {"step": ended.pk})
    if asked is None:
        return False
    preview: StepPreview = asked[1]
    _, back, meetings, past = preview.facts
    assert set(back) <= set(before)
    held, visits = spans(), open_visits(world.asked_at)
    world.carry_out_step("reopen", {"step": ended.pk}, preview.digest)
    after = spans()
    assert {pk for pk, at in after.items() if at and not held[pk]} == {pk for pk, _ in meetings}
    assert len(ended.record["meetings"]) == len(meetings) + past
    assert {row.pk for row in Membership.objects.filter(pk__in=back)} <= set(members())
    assert not set(ended.record["memberships"]) - set(back) & set(members())
    assert set(ended.record["groups"].values()) == set(
        Group.objects.filter(pk__in=ended.record["groups"]).values_list("status", flat=True)
    )
    assert open_visits(world.asked_at) == visits, "visits that ended stay ended"
    readers = {one.user_id for one in preview.recipients}
    found = told(world.now)
    letters = {user for user, kinds in found.items() if "step_letter" in kinds}
    assert names(letters) == names(readers), found
    return True


def _end(world: World) -> CohortStep | None:
    """End the cohort or some groups, and compare; return the step."""
    chosen = world.draw(st.sampled_from(["", "A", "AB"]))
    ids = sorted(world.academy.groups[name].pk for name in chosen)
    params = {"groups": ids, "status": world.draw(st.sampled_from(["completed", "cancelled"]))}
    asked = world.wanted_step("end", params)
    if asked is None:
        return None
    step, preview = asked
    plan, before, visits, held = (
        read_end(step, world.now),
        members(),
        open_visits(world.asked_at),
        spans(),
    )
    done = world.carry_out_step("end", params, preview.digest)

    assert before.keys() - members().keys() == {one.pk for one in plan.members}
    for group in Group.objects.filter(pk__in=[one.pk for one in plan.groups]).select_related(
        "cohort"
    ):
        assert group.status == plan.status_of(group)
        _check_archive(group, plan.reads_until)
    assert Cohort.objects.get().has_ended is plan.is_whole
    assert spans() == held | {one.pk: None for one in plan.meetings}
    _check_visits(world, visits, ended={one.pk for one in plan.visits}, to={})
    guests = {one.user_id for one in plan.visits}
    _check_messages(world, preview, done, also=guests)
    return done


# -- breaks ----------------------------------------------------------------------------------------


def _draw_break(world: World) -> Params:
    draw, first = world.draw, world.now.date() + timedelta(days=world.draw(st.integers(0, 12)))
    ahead = Meeting.objects.filter(starts_at__gt=world.now).order_by("pk")
    also = draw(st.lists(st.sampled_from([*ahead.values_list("pk", flat=True), 0]), max_size=2))
    return {
        "first": str(first),
        "last": str(first + timedelta(days=draw(st.integers(3, 8)))),
        "drop": draw(st.booleans()),
        "also": sorted({*also} - {0}),
    }


def _check_break(world: World, kind: str, params: Params) -> bool:
    asked = world.wanted_step(kind, params)
    if asked is None:
        return False
    preview: StepPreview = asked[1]
    changes: tuple[Change, ...] = preview.facts[0]
    starts = {visit: start for visit, _, start in preview.facts[2]}
    held, visits, people = spans(), open_visits(world.asked_at), members()
    done = world.carry_out_step(kind, params, preview.digest)

    listed = {one.meeting_id: one for one in changes}
    assert all(one.before == held[pk] for pk, one in listed.items() if pk)
    assert spans() == held | {pk: one.after for pk, one in listed.items() if pk}
    assert members() == people
    kept = {pk: start for pk, start in starts.items() if start and pk in visits}
    _check_visits(
        world,
        visits,
        ended={pk for pk, start in starts.items() if start is None},
        to={pk: (visits[pk][1], start) for pk, start in kept.items()},
        reopened={pk for pk in starts if pk not in visits},
    )
    guests = {user for _, user, _ in preview.facts[2]}
    _check_messages(world, preview, done, also=guests)
    return True


# -- what every such preview promises ------------------------------------------------------------


def _check_archive(group: Group, reads_until: datetime | None) -> None:
    """People can read the channels as long as they were promised, or some minutes longer."""
    assert group.archive
    assert reads_until
    assert timedelta() <= group.archive.ends_at - reads_until <= timedelta(minutes=11)


def _check_visits(
    world: World,
    before: dict[int, Any],
    *,
    ended: set[int],
    to: dict[int, Any],
    reopened: Collection[int] = (),
) -> None:
    """The visits that are listed end, move along or open again; the others stay as they are."""
    after = open_visits(world.asked_at)
    assert before.keys() - after.keys() == ended, list(
        GuestVisit.objects.values_list("pk", "end_reason", "user__name")
    )
    assert after.keys() - before.keys() == set(reopened)
    hosts = {pk: row[1:] for pk, row in before.items() if pk not in ended}
    assert {pk: row[1:] for pk, row in after.items() if pk in before} == hosts | to


def _check_messages(
    world: World, preview: StepPreview, done: CohortStep, *, also: set[int]
) -> None:
    """The letter goes to those who are listed; else, only guests read of their own visit."""
    readers = {one.user_id for one in preview.recipients}
    found = told(world.now)
    letters = {user for user, kinds in found.items() if "step_letter" in kinds}
    assert names(letters) == names(readers), found
    assert {int(pk) for pk in done.posts} == set(preview.posts)
    others = found.keys() - letters
    assert others <= also, {pk: found[pk] for pk in others}
