"""The steps “End cohort” and “Reopen”, with their forms."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django import forms

from cohorts.errors import Refusal
from cohorts.group_labels import label_group, with_places
from cohorts.models import Cohort, CohortStep, Group, Membership, live_group
from cohorts.outbox.rendering.links import page_url
from cohorts.selectors import group_by
from cohorts.steps.registry import (
    StepForm,
    StepKind,
    StepPreview,
    StepRecipient,
    StepSection,
    TakeBackForm,
)
from cohorts.words import count, join_names, name_day
from guestvisits.ending import END, REOPEN, end_letters
from guestvisits.ending.plans import EndPlan, read_end
from guestvisits.ending.services import (
    end_all,
    end_time,
    ended_groups,
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


def check_reopening(end: CohortStep, groups: Mapping[int, Group]) -> None:
    """Raise Refusal if an end cannot be taken back: not_ended, removed.

    Its cohort is loaded; `groups` are the cohort's, by id.
    """
    if end.kind != END or end.state != State.DONE:
        raise Refusal("not_ended", "There is nothing to reopen.")
    ids = ended_groups(end)
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
    form_class = TakeBackForm
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
        return ended_groups(_end_of(step))

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        end = _end_of(step)
        check_reopening(end, Group.objects.filter(cohort=end.cohort_id).in_bulk())
        ids = ended_groups(end)
        names = Group.objects.filter(pk__in=ids).order_by("name").values_list("name", flat=True)
        back = memberships_to_restore(end)
        cancelled = Meeting.objects.filter(pk__in=map(int, end.record["meetings"]))
        meetings = list(cancelled.filter(starts_at__gt=now).order_by("starts_at", "pk"))
        past = len(end.record["meetings"]) - len(meetings)
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
            recipients=_recipients(
                [row for row in back if row.user_id in got and row.user.is_active], meetings
            ),
            facts=(
                sorted(ids),
                sorted(row.pk for row in back),
                sorted((one.pk, one.starts_at) for one in meetings),
                past,
            ),
        )

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        return restore(_end_of(step), now)


def _end_of(step: CohortStep) -> CohortStep:
    ends = CohortStep.objects.filter(cohort=step.cohort_id, kind=END).select_related("cohort")
    end = ends.filter(pk=step.params["step"]).first()
    if end is None or end.state != State.DONE:
        raise Refusal("not_ended", "There is nothing to reopen.")
    return end


def _recipients(
    back: Iterable[Membership], meetings: Collection[Meeting]
) -> tuple[StepRecipient, ...]:
    return tuple(
        StepRecipient(
            user_id,
            mine[0].user.display_name,
            {
                "cohort": mine[0].cohort.name,
                "group": join_names(sorted(row.group.name for row in mine)),
                "next": _next_meeting(mine, meetings),
                "answer": f"Your meetings {page_url('my-meetings')}",
            },
        )
        for user_id, mine in group_by(back, lambda row: row.user_id).items()
    )


def _next_meeting(mine: list[Membership], meetings: Collection[Meeting]) -> str:
    groups = {row.group_id for row in mine}
    first = next((one for one in meetings if one.group_id in groups), None)
    if first is None:
        return ""
    return f"Next meeting: {name_day(first.starts_at, mine[0].user.timezone)}."
