"""The steps “Skip weeks” and “Undo a break”, with their forms."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from django import forms

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import CohortStep, Group, live_group
from cohorts.models.courses import set_up_group
from cohorts.outbox.rendering.links import page_url
from cohorts.selectors import members_of
from cohorts.steps.letters import as_literal
from cohorts.steps.registry import (
    StepForm,
    StepKind,
    StepPreview,
    StepSection,
    TakeBackForm,
)
from cohorts.words import name_dates, name_when
from guestvisits.breaks.break_rules import Break, decide_break, decide_undo, is_by_hand
from guestvisits.breaks.services import (
    CohortPlan,
    forecast_plan,
    groups_of_cohort,
    make_plan,
    read_effects,
    read_until,
    restore_answers,
    write_plan,
)
from guestvisits.breaks.visits import find_ended_visits, reopen_visits
from guestvisits.breaks.wording import (
    list_changes,
    write_posts,
    write_values,
)
from meetings.models import Meeting
from meetings.moving.forecasts import list_mails
from meetings.moving.forms import DateInput
from meetings.moving.rules import MAX_DISTANCE
from meetings.selectors import BREAK, read_days

PUSH, DROP = "push", "drop"
ANSWER = "Can't attend at a new time?"
State = CohortStep.State


class BreakForm(StepForm):
    first = forms.DateField(label="First day without meetings", widget=DateInput)
    last = forms.DateField(label="Last day without meetings", widget=DateInput)
    how = forms.ChoiceField(
        label="What happens to the meetings",
        choices=[
            (PUSH, "Push back: they and all later ones move by the skipped weeks"),
            (DROP, "Drop: they are cancelled, and later ones keep their dates"),
        ],
        widget=forms.RadioSelect,
        initial=PUSH,
    )
    also = forms.MultipleChoiceField(
        label="Change these too",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Meetings that were moved by hand, and extra sessions. Without a tick they stay.",
    )
    field_order = ("first", "last", "how", "also", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        also = self.fields["also"]
        assert isinstance(also, forms.MultipleChoiceField)
        also.choices = _list_by_hand(self.cohort.pk, clock.now())
        if not also.choices:
            del self.fields["also"]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and last < first:
            self.add_error("last", "The last day is before the first.")
        elif first and last and last - first > MAX_DISTANCE:
            self.add_error("last", "That is more than a year. Check the dates.")
        return cleaned

    def read(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "first": said["first"].isoformat(),
            "last": said["last"].isoformat(),
            "drop": said["how"] == DROP,
            "also": sorted(int(pk) for pk in said.get("also", ())),
        }


def _list_by_hand(cohort_id: int, now: datetime) -> list[tuple[str, str]]:
    rows = Meeting.objects.filter(
        live_group("group__"), group__cohort=cohort_id, starts_at__gt=now
    ).select_related("group")
    return [
        (str(row.pk), f"{row.group}, {row.label}: {name_when(row.starts_at, row.group.timezone)}")
        for row in rows.order_by("group__name", "starts_at")
        if is_by_hand(row, now)
    ]


def _read_break(step: CohortStep) -> Break:
    days = read_days(step.params)
    return Break(days.first, days.last, days.drop, frozenset(step.params["also"]))


class _BreakStep(StepKind):
    permissions = ("cohorts.change_cohort", "meetings.change_meeting")

    def groups_of(self, step: CohortStep) -> Iterable[int]:
        return groups_of_cohort(step.cohort_id)


class SkipWeeks(_BreakStep):
    name = BREAK
    title = "Skip weeks"
    button = "Skip these dates"
    form_class = BreakForm
    undone_by = "break_undo"
    placeholders = {
        "group": "the reader's groups",
        "dates": "the dates without meetings",
        "meetings": "what is cancelled, the next meeting, and the last",
        "visit": "what happens to the reader's visits",
        "answer": "where to answer that one can't attend",
    }

    def default_letter(self, step: CohortStep) -> str:
        return "\n".join(
            [
                f"No meetings {{dates}}{_because(step)}",
                "{meetings}",
                "{visit}",
                "Your calendar updates automatically.",
                "{answer}",
            ]
        )

    def describe(self, step: CohortStep, groups: Mapping[int, Group]) -> str:
        wanted = _read_break(step)
        return name_dates(wanted.first, wanted.last)

    def _plan(self, step: CohortStep, now: datetime) -> CohortPlan:
        decide = partial(decide_break, _read_break(step), now=now)
        plan = make_plan(self.groups_of(step), decide)
        if not plan.groups:
            raise Refusal("no_meeting", "No meeting ahead falls on these dates.")
        return plan

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        plan, wanted = self._plan(step, now), _read_break(step)
        dates = name_dates(wanted.first, wanted.last)
        moves = any(change.after for change in plan.changes)
        answer = f"{ANSWER} {page_url('my-meetings')}" if moves else ""
        headline = f"No meetings {dates}{f': {step.reason}' if step.reason else ''}"
        return StepPreview(
            sections=list_changes(plan),
            recipients=write_values(
                plan, wanted, _members(plan), {"dates": dates, "answer": answer}
            ),
            posts=write_posts(plan, wanted, headline),
            facts=plan.facts(wanted),
        )

    def forecast(self, step: CohortStep, now: datetime) -> tuple[StepSection, ...]:
        return list_mails(forecast_plan(self._plan(step, now), now))

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        return write_plan(self._plan(step, now), step, now)

    def may_take_back(self, step: CohortStep, groups: Mapping[int, Group], now: datetime) -> bool:
        return step.state == State.DONE and now < read_until(step.record)


def _members(plan: CohortPlan) -> Any:
    """Return the members of the groups that are set up: nobody else knows the old dates. Closed
    accounts get no letter."""
    ids = [each.group.pk for each in plan.groups]
    active = Group.objects.filter(set_up_group(), pk__in=ids).values_list("pk", flat=True)
    return members_of(list(active)).filter(user__is_active=True)


def _because(step: CohortStep) -> str:
    """Return the reason as part of a letter with placeholders."""
    return f": {as_literal(step.reason)}" if step.reason else ""


# -- undoing a break -----------------------------------------------------------------------------


class UndoBreak(_BreakStep):
    """Takes a break back until the first meeting that it changed would begin."""

    name = "break_undo"
    title = "Undo a break"
    button = "Undo the break"
    form_class = TakeBackForm
    waits = False
    is_offered = False
    placeholders = {
        name: about for name, about in SkipWeeks.placeholders.items() if name != "answer"
    }

    def default_letter(self, step: CohortStep) -> str:
        return (
            "Meetings {dates} after all\n{meetings}\n{visit}\nYour calendar updates automatically."
        )

    def _done(self, step: CohortStep, now: datetime) -> CohortStep:
        done = CohortStep.objects.filter(
            pk=step.params["step"], cohort=step.cohort_id, kind=SkipWeeks.name, state=State.DONE
        ).first()
        if done is None:
            raise Refusal("no_step", "This break has been undone already.")
        if now >= read_until(done.record):
            raise Refusal("too_late", "The first of these meetings has begun.")
        return done

    def _plan(self, done: CohortStep, now: datetime) -> CohortPlan:
        effects = read_effects(done)
        plan = make_plan(effects, lambda facts: decide_undo(effects[facts.group.pk], facts, now))
        assert done.finished_at is not None
        ended = find_ended_visits(plan.changes, done.finished_at)
        # Only of people who read in the letter that the visit ended: they read that it is on again.
        return replace(plan, reopened=tuple(o for o in ended if str(o.user_id) in done.letters))

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        done = self._done(step, now)
        plan, wanted = self._plan(done, now), _read_break(done)
        dates = name_dates(wanted.first, wanted.last)
        return StepPreview(
            sections=list_changes(plan),
            recipients=write_values(plan, None, _members(plan), {"dates": dates}),
            posts=write_posts(plan, None, f"Meetings {dates} after all"),
            facts=plan.facts(),
        )

    def forecast(self, step: CohortStep, now: datetime) -> tuple[StepSection, ...]:
        return list_mails(forecast_plan(self._plan(self._done(step, now), now), now))

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        done = self._done(step, now)
        plan = self._plan(done, now)
        record = write_plan(plan, step, now) if plan.groups else {}
        restore_answers(done.record)
        reopen_visits([one.visit_id for one in plan.reopened], now)
        CohortStep.objects.filter(pk=done.pk).update(state=State.UNDONE, finished_at=now)
        return record
