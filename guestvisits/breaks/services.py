"""Plan a break or its undoing for all groups of a cohort, and write it."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from cohorts.errors import Refusal
from cohorts.models import CohortStep, Group, live_group
from cohorts.signals import announce, meetings_changed
from guestvisits.breaks.break_rules import BreakUndo
from guestvisits.breaks.visits import VisitEffect, find_visits, keep_visits
from guestvisits.selectors import find_absences
from meetings.derivation import values_of
from meetings.models import Attendance, Meeting, SkippedWeek
from meetings.moving.facts import read_facts
from meetings.moving.forecasts import MailForecast, as_moved, forecast_groups
from meetings.moving.history import record_move
from meetings.moving.services import write_decision
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.rhythm import Days
from meetings.selectors import read_days

Rsvp = Attendance.Rsvp
Decide = Callable[[MoveFacts], Decision | None]


@dataclass(frozen=True, slots=True)
class GroupPlan:
    facts: MoveFacts
    decision: Decision

    @property
    def group(self) -> Group:
        return self.facts.group

    def rows(self) -> list[Meeting]:
        """Return the group's meetings as they will be, by start."""
        changed = {row.pk: row for row in self.decision.rows}
        rows = [changed.get(row.pk, row) for row in self.facts.rows]
        return sorted(rows, key=lambda row: row.starts_at)


@dataclass(frozen=True, slots=True)
class CohortPlan:
    groups: tuple[GroupPlan, ...]
    visits: tuple[VisitEffect, ...]
    reopened: tuple[VisitEffect, ...] = ()  # visits that a break had ended

    @property
    def visit_effects(self) -> tuple[VisitEffect, ...]:
        return (*self.visits, *self.reopened)

    @property
    def changes(self) -> list[Change]:
        return [change for plan in self.groups for change in plan.decision.changes]

    def facts(self, days: Days | None = None) -> tuple[Any, ...]:
        """Return what was decided, and the meetings that letters name because they stay: also those
        within these days that come before the first change."""
        first = self.first_start if self.changes else None
        held = sorted(
            (row.group_id, row.starts_at, row.duration_minutes, row.number or 0)
            for each in self.groups
            for row in each.rows()
            if not row.is_cancelled
            and (
                (first and row.starts_at >= first)
                or (days and days.holds(row.starts_at, each.group.timezone))
            )
        )
        visits = [(one.visit_id, one.user_id, one.new_start) for one in self.visit_effects]
        return (tuple(self.changes), tuple(held), tuple(visits))

    @property
    def first_start(self) -> datetime:
        """Return the first start that changes, on either side."""
        spans = (span for one in self.changes for span in (one.before, one.after))
        return min(span.starts_at for span in spans if span)


def groups_of_cohort(cohort_id: int) -> list[int]:
    groups = Group.objects.filter(live_group(), cohort=cohort_id)
    return list(groups.order_by("name", "pk").values_list("pk", flat=True))


def make_plan(group_ids: Iterable[int], decide: Decide) -> CohortPlan:
    """Return what happens to these groups. Six queries each. Raises Refusal, naming the group."""
    plans = []
    for group_id in group_ids:
        facts = read_facts(group_id)
        try:
            decision = decide(facts)
        except Refusal as refusal:
            raise Refusal(refusal.code, f"{facts.group}: {refusal.sentence}") from refusal
        if decision:
            plans.append(GroupPlan(facts, decision))
    changes = [change for plan in plans for change in plan.decision.changes]
    return CohortPlan(tuple(plans), tuple(find_visits(changes)))


def forecast_plan(plan: CohortPlan, now: datetime) -> list[MailForecast]:
    """Return how many e-mails each calendar will send about the plan."""
    kept = frozenset((one.meeting_id, one.user_id) for one in plan.visits if one.new_start)
    reopened = [(one.meeting_id, one.user_id) for one in plan.reopened]
    moved = []
    for each in plan.groups:
        own = {row.pk for row in each.facts.rows}
        back = frozenset(key for key in reopened if key[0] in own)
        moved.append(replace(as_moved(each.facts, each.decision), kept=kept, reopened=back))
    return forecast_groups(moved, now)


def write_plan(plan: CohortPlan, step: CohortStep, now: datetime) -> dict[str, Any]:
    """Write the plan; return the record that undoing it needs. The caller holds the group locks."""
    groups = {}
    keep_visits(plan.visits)
    answers = ask_again(plan.changes, now)
    for each in plan.groups:
        changes = write_decision(each.facts, each.decision)
        announce([each.group.pk], meetings_changed)
        record_move(
            each.group.pk,
            each.decision.kind,
            changes,
            by=step.asked_by_id,
            now=now,
            reason=step.reason,
            step_id=step.pk,
        )
        groups[str(each.group.pk)] = _record(each)
    return {"groups": groups, "answers": answers, "until": plan.first_start.isoformat()}


def ask_again(changes: Collection[Change], now: datetime) -> dict[str, list[str]]:
    """Withdraw the members' answers to meetings that get another time; return them by row.

    Those of people who visit another group in that week stay, since the visit set them.
    """
    moved = [
        change.meeting_id
        for change in changes
        if change.meeting_id
        and change.before
        and change.after
        and change.before.starts_at != change.after.starts_at
    ]
    away = find_absences(moved, now)
    rows = Attendance.objects.filter(meeting__in=moved, is_guest=False, rsvp_at__isnull=False)
    asked = [row for row in rows if (row.meeting_id, row.user_id) not in away]
    Attendance.objects.filter(pk__in=[row.pk for row in asked]).update(
        rsvp=Rsvp.PENDING, rsvp_at=None
    )
    return {str(row.pk): [row.rsvp, row.rsvp_at.isoformat()] for row in asked if row.rsvp_at}


def restore_answers(record: Mapping[str, Any]) -> None:
    """Write the answers that a break had withdrawn, unless people have answered since.

    Only those to meetings that are at the time again for which they were given.
    """
    answers = record["answers"]
    undone = read_record(record).values()
    before = {pk: values[0] for undo in undone for pk, values in undo.before.items()}
    rows = Attendance.objects.filter(pk__in=map(int, answers), rsvp=Rsvp.PENDING)
    for row in rows.select_related("meeting"):
        if row.meeting.starts_at != before.get(row.meeting_id):
            continue
        row.rsvp, row.rsvp_at = answers[str(row.pk)][0], _moment(answers[str(row.pk)][1])
        row.save(update_fields=["rsvp", "rsvp_at"])


# -- the record ----------------------------------------------------------------------------------


def _record(plan: GroupPlan) -> dict[str, Any]:
    before = {row.pk: row for row in plan.facts.rows}
    rows = [row for row in plan.decision.rows if row.pk in before]
    skipped = plan.decision.rhythm.skipped - plan.facts.rhythm.skipped
    return {
        "skipped": sorted(day.isoformat() for day in skipped),
        "before": {str(row.pk): _plain(values_of(before[row.pk])) for row in rows},
        "after": {str(row.pk): _plain(values_of(row)) for row in rows},
    }


def read_record(record: Mapping[str, Any]) -> dict[int, BreakUndo]:
    """Return what a break did, by group."""
    return {
        int(group_id): BreakUndo(
            frozenset(date.fromisoformat(day) for day in one["skipped"]),
            {int(pk): _values(said) for pk, said in one["before"].items()},
            {int(pk): _values(said) for pk, said in one["after"].items()},
        )
        for group_id, one in record["groups"].items()
    }


def read_effects(done: CohortStep) -> dict[int, BreakUndo]:
    """Return what undoing a break has to take back, for each group of its cohort that continues:
    also for those whose meetings were written since."""
    record = read_record(done.record)
    live = groups_of_cohort(done.cohort_id)
    later: dict[int, set[date]] = defaultdict(set)
    weeks = SkippedWeek.objects.filter(group__in=live, created_at__gte=done.finished_at)
    for week in weeks:
        later[week.group_id].add(week.day)
    nothing = BreakUndo(frozenset(), {}, {})
    return {
        group_id: replace(
            record.get(group_id, nothing),
            days=read_days(done.params),
            since=done.finished_at,
            skipped_later=frozenset(later[group_id]),
        )
        for group_id in live
    }


def read_until(record: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(record["until"])


def _plain(values: list[Any]) -> list[Any]:
    return [one.isoformat() if isinstance(one, datetime) else one for one in values]


def _values(said: list[Any]) -> list[Any]:
    starts_at, minutes, status, place, touched_at = said
    return [_moment(starts_at), minutes, status, _moment(place), _moment(touched_at)]


def _moment(said: str | None) -> datetime | None:
    return datetime.fromisoformat(said) if said else None
