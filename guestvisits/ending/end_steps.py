"""The steps “End cohort” and “Reopen”, with their forms."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms

from cohorts.errors import Refusal
from cohorts.group_labels import label_group, with_places
from cohorts.models import Cohort, CohortStep, Group, live_group
from cohorts.outbox.rendering.links import page_url
from cohorts.steps.registry import (
    StepForm,
    StepKind,
    StepPreview,
    StepRecipient,
    StepSection,
)
from cohorts.words import count, join_names, name_day
from guestvisits.ending import end_letters
from guestvisits.ending.names import END, REOPEN
from guestvisits.ending.plans import EndPlan, read_end
from guestvisits.ending.services import (
    end_all,
    memberships_to_restore,
    restore,
    who_got_the_letter,
)
from meetings.models import Meeting

PERMISSIONS = ("cohorts.change_cohort", "cohorts.change_group")
State = CohortStep.State


class EndForm(StepForm):
    groups = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Tick groups to end only these. Without a tick the whole cohort ends.",
    )
    status = forms.ChoiceField(
        label="How",
        choices=[
            (Cohort.Status.COMPLETED, "Completed: the meetings were held"),
            (Cohort.Status.CANCELLED, "Cancelled: it ends early"),
        ],
        widget=forms.RadioSelect,
        initial=Cohort.Status.COMPLETED,
    )
    field_order = ("groups", "status", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        live = with_places(Group.objects.filter(live_group(), cohort=self.cohort))
        groups = self.fields["groups"]
        assert isinstance(groups, forms.MultipleChoiceField)
        groups.choices = [(str(g.pk), label_group(g)) for g in live.order_by("name", "pk")]

    def read(self) -> dict[str, Any]:
        chosen = sorted(int(pk) for pk in self.cleaned_data["groups"])
        return {"groups": chosen, "status": self.cleaned_data["status"]}


class EndCohort(StepKind):
    name = END
    title = "End cohort"
    button = "End it"
    permissions = PERMISSIONS
    form_class = EndForm
    undone_by = REOPEN
    placeholders = {
        "cohort": "the cohort",
        "group": "the reader's groups",
        "attendance": "how many meetings the reader attended",
        "cancelled": "how many of the reader's meetings were cancelled",
        "visits": "visits of the reader that ended",
        "archive": "until when the reader can read the channels",
        "reason": "your reason",
        "answer": "where to say that something is wrong",
    }

    def default_letter(self, step: CohortStep) -> str:
        what = "{group}" if step.params["groups"] else "{cohort}"
        is_complete = step.params["status"] == Cohort.Status.COMPLETED
        return "\n".join(
            [
                f"{what} {'is complete' if is_complete else 'has ended'}",
                "{reason}",
                "{attendance}",
                "{cancelled}",
                "{visits}",
                "{archive}",
                "{answer}",
            ]
        )

    def describe(self, step: CohortStep, groups: Mapping[int, Group]) -> str:
        chosen = sorted(groups[pk].name for pk in step.params["groups"] if pk in groups)
        return ", ".join(chosen) or "the whole cohort"

    def groups_of(self, step: CohortStep) -> Iterable[int]:
        groups = Group.objects.filter(cohort=step.cohort_id)
        if step.params["groups"]:
            groups = groups.filter(pk__in=step.params["groups"])
        return groups.values_list("pk", flat=True)

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        plan = read_end(step, now)
        return StepPreview(
            sections=end_letters.list_sections(plan),
            warnings=tuple(_warnings(plan)),
            recipients=end_letters.write_recipients(plan, step.reason),
            posts=end_letters.write_posts(plan),
            facts=plan.facts(),
        )

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        return end_all(read_end(step, now), now)

    def may_take_back(self, step: CohortStep, groups: Mapping[int, Group], now: datetime) -> bool:
        try:
            check_reopening(step, groups)
        except Refusal:
            return False
        return True


def _warnings(plan: EndPlan) -> Iterable[str]:
    if plan.meetings and plan.status == Cohort.Status.COMPLETED:
        yield f"{count(len(plan.meetings), 'meeting')} lie ahead and will not be held."


# -- reopening -----------------------------------------------------------------------------------


class ReopenForm(StepForm):
    step = forms.IntegerField(widget=forms.HiddenInput)
    reason = None  # type: ignore[assignment]

    def read(self) -> dict[str, Any]:
        return {"step": self.cleaned_data["step"]}


def check_reopening(end: CohortStep, groups: Mapping[int, Group]) -> None:
    """Raise Refusal if an end cannot be taken back: not_ended, removed.

    Its cohort is loaded; `groups` are the cohort's, by id.
    """
    if end.kind != END or end.state != State.DONE:
        raise Refusal("not_ended", "There is nothing to reopen.")
    ids = [int(pk) for pk in end.record["groups"]]
    mine = [groups[pk] for pk in ids if pk in groups]
    cohort, ended_at = end.cohort, end_time(end)
    still = [one for one in mine if one.status in Group.ENDED and one.ended_at == ended_at]
    is_ended = cohort.ended_at == ended_at if end.record["is_whole"] else not cohort.has_ended
    if len(still) < len(ids) or not is_ended:
        raise Refusal("not_ended", "This has been reopened or changed since.")
    if any(one.removal_began_at for one in mine):
        raise Refusal("removed", "Channels or roles of these groups were removed already.")


class ReopenCohort(StepKind):
    """Restores what one end had ended, until the first channel or role was removed."""

    name = REOPEN
    title = "Reopen"
    button = "Reopen"
    permissions = PERMISSIONS
    form_class = ReopenForm
    waits = False
    is_offered = False
    placeholders = {
        "cohort": "the cohort",
        "group": "the reader's groups",
        "next": "the reader's next meeting",
        "answer": "where the reader's meetings are",
    }

    def default_letter(self, step: CohortStep) -> str:
        return "{group} goes on\n{next}\nYour calendar updates automatically.\n{answer}"

    def groups_of(self, step: CohortStep) -> Iterable[int]:
        return [int(pk) for pk in _end_of(step).record["groups"]]

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        end = _end_of(step)
        check_reopening(end, Group.objects.filter(cohort=end.cohort_id).in_bulk())
        record = end.record
        ids = [int(pk) for pk in record["groups"]]
        names = Group.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True)
        back = list(memberships_to_restore(record, end_time(end)))
        meetings = list(
            Meeting.objects.filter(pk__in=[int(pk) for pk in record["meetings"]], starts_at__gt=now)
            .select_related("group")
            .order_by("starts_at", "pk")
        )
        past = len(record["meetings"]) - len(meetings)
        got = who_got_the_letter(end)
        lines = [f"{count(len(meetings), 'cancelled meeting')} will be held after all."]
        if past:
            lines.append(f"{count(past, 'meeting')} would be past and stay cancelled.")
        lines.append("Visits that ended stay ended.")
        return StepPreview(
            sections=(
                StepSection("Groups that go on", tuple(names)),
                StepSection("People", (f"{count(len(back), 'membership')} will be active again.",)),
                StepSection("Meetings", tuple(lines)),
            ),
            warnings=() if got else ("No one got the ending letter, so no one gets a letter now.",),
            recipients=_recipients(end, got, meetings),
            facts=(
                sorted(ids),
                sorted(row.pk for row in back),
                sorted((one.pk, one.starts_at) for one in meetings),
                past,
            ),
        )

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        return restore(_end_of(step), now)


def end_time(end: CohortStep) -> datetime:
    return datetime.fromisoformat(end.record["ended_at"])


def _end_of(step: CohortStep) -> CohortStep:
    ends = CohortStep.objects.filter(cohort=step.cohort_id, kind=END).select_related("cohort")
    end = ends.filter(pk=step.params["step"]).first()
    if end is None or end.state != State.DONE:
        raise Refusal("not_ended", "There is nothing to reopen.")
    return end


def _recipients(
    end: CohortStep, got: Collection[int], meetings: Iterable[Meeting]
) -> tuple[StepRecipient, ...]:
    ids = [int(pk) for pk in end.record["groups"]]
    rows = memberships_to_restore(end.record, end_time(end))
    people: dict[int, list[Any]] = {}
    for row in rows:
        if row.user_id in got and row.group_id in ids and row.user.is_active:
            people.setdefault(row.user_id, []).append(row)
    cohort = Cohort.objects.get(pk=end.cohort_id)
    return tuple(
        StepRecipient(
            user_id,
            mine[0].user.display_name,
            {
                "cohort": cohort.name,
                "group": join_names(sorted(row.group.name for row in mine)),
                "next": _next_meeting(mine, meetings),
                "answer": f"Your meetings {page_url('my-meetings')}",
            },
        )
        for user_id, mine in people.items()
    )


def _next_meeting(mine: list[Any], meetings: Iterable[Meeting]) -> str:
    groups = {row.group_id for row in mine}
    first = next((one for one in meetings if one.group_id in groups), None)
    if first is None:
        return ""
    return f"Next meeting: {name_day(first.starts_at, mine[0].user.timezone)}."
