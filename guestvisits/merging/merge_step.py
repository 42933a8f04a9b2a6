"""The cohort step “Merge groups”, with its form and letter."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from django import forms

from cohorts.group_labels import label_group, with_places
from cohorts.models import CohortStep, Group, Membership, live_group
from cohorts.outbox.rendering.links import page_url
from cohorts.steps.letters import as_literal
from cohorts.steps.registry import StepForm, StepKind, StepPreview, StepRecipient, StepSection
from cohorts.words import join_names, name_day, name_when, one_line
from guestvisits.merging import MERGE
from guestvisits.merging.merge_plan import MergePlan, MovedVisit, read_merge
from guestvisits.merging.services import write_merge

PERMISSIONS = ("cohorts.change_group", "cohorts.change_membership")


class MergeForm(StepForm):
    source = forms.ModelChoiceField(Group.objects.none(), label="This group ends")
    target = forms.ModelChoiceField(Group.objects.none(), label="Its people join")
    raise_size = forms.BooleanField(label="Raise the size if needed", required=False)
    facilitators_come = forms.BooleanField(label="Its facilitators come along", required=False)
    guests_come = forms.BooleanField(
        label="Its guests visit the other group in the same week instead",
        required=False,
        initial=True,
    )
    field_order = (
        "source",
        "target",
        "raise_size",
        "facilitators_come",
        "guests_come",
        "reason",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        groups = with_places(Group.objects.filter(live_group(), cohort=self.cohort))
        choices = [(group.pk, label_group(group)) for group in groups.order_by("name", "pk")]
        for name in ("source", "target"):
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = groups
            field.choices = [("", "---------"), *choices]

    def read(self) -> dict[str, Any]:
        said = self.cleaned_data
        ticks = ("raise_size", "facilitators_come", "guests_come")
        chosen = {"source_id": said["source"].pk, "target_id": said["target"].pk}
        return chosen | {name: said[name] for name in ticks}


class MergeGroups(StepKind):
    name = MERGE
    title = "Merge groups"
    button = "Merge these groups"
    permissions = PERMISSIONS
    form_class = MergeForm
    placeholders = {
        "old": "the group that ends",
        "new": "the group that continues",
        "from_today": "who the reader's group is from now on, and who leads it",
        "next": "the next meeting",
        "visit": "what happens to the reader's guest visit",
        "archive": "until when the reader can read the old channels",
        "help": "where to say that the time doesn't work",
    }

    def default_letter(self, step: CohortStep) -> str:
        return "\n".join(
            [
                "{old} now meets with {new}",
                as_literal(step.reason),
                "{from_today}",
                "{next}",
                "{visit}",
                "{archive}",
                "{help}",
            ]
        )

    def describe(self, step: CohortStep, groups: Mapping[int, Group]) -> str:
        old, new = groups.get(step.params["source_id"]), groups.get(step.params["target_id"])
        return f"{old} into {new}"

    def groups_of(self, step: CohortStep) -> Iterable[int]:
        return [step.params["source_id"], step.params["target_id"]]

    def preview(self, step: CohortStep, now: datetime) -> StepPreview:
        plan = read_merge(step, now)
        return StepPreview(
            sections=tuple(_list_sections(plan)),
            warnings=tuple(_list_warnings(plan)),
            recipients=tuple(_list_recipients(plan)),
            posts=_write_posts(plan),
            facts=plan.facts(),
        )

    def carry_out(self, step: CohortStep, now: datetime) -> dict[str, Any]:
        write_merge(read_merge(step, now), step, now)
        return {}


# -- what staff read -----------------------------------------------------------------------------


def _list_sections(plan: MergePlan) -> Iterator[StepSection]:
    moves = [f"{one.user.display_name}: {one.get_role_display().lower()}" for one in plan.movers]
    yield StepSection(f"Join {plan.target}", tuple(moves) or ("no one",))
    if plan.leavers:
        names = tuple(one.user.display_name for one in plan.leavers)
        yield StepSection(f"Leave {plan.source} and do not join {plan.target}", names)
    visits = [
        f"{one.visit.user.display_name} visits {plan.target} in {one.to.label} instead."
        for one in plan.visits
    ]
    visits += [f"{one.user.display_name}'s visit ends." for one in plan.ended_visits]
    visits += [
        f"{one.user.display_name}'s visit to {plan.target} in {one.host_meeting.label} ends: they "
        "are a member now."
        for one in plan.own_visits
    ]
    if visits:
        yield StepSection("Guest visits", tuple(visits))
    if plan.new_size is not None:
        yield StepSection("Size", (f"{plan.target}: {plan.target.size} → {plan.new_size}",))


def _list_warnings(plan: MergePlan) -> Iterator[str]:
    if not plan.target.is_set_up:
        yield (
            f"{plan.target} is not set up yet: its people have no channels and no invitations "
            "until you realize it. Realize it first."
        )
    for name, group in sorted({(one.name, str(one.other.group)) for one in plan.clashes}):
        yield f"{name} also has meetings with {group} at that time."
    for meeting, guests in plan.overfull:
        yield (
            f"{plan.target} would have {guests} guests in {meeting.label}. The cohort's limit is "
            f"{plan.target.cohort.guest_seats}."
        )


def _write_posts(plan: MergePlan) -> dict[int, str]:
    old, new = one_line(plan.source.name), one_line(plan.target.name)
    archive = "\nThis channel can be read for a while." if plan.reads_until else ""
    people = _welcome(plan) + _name_guests(plan)
    posts = {
        plan.source.pk: f"{old} now meets with {new}{archive}",
        plan.target.pk: f"{old} joins this group{people}" if people else "",
    }
    groups = {plan.source.pk: plan.source, plan.target.pk: plan.target}
    return {pk: text for pk, text in posts.items() if text and groups[pk].is_active}


def _welcome(plan: MergePlan) -> str:
    joining = ", ".join(one_line(one.user.display_name) for one in _reached(plan.movers))
    return f"\nWelcome {joining}!" if joining else ""


def _name_guests(plan: MergePlan) -> str:
    """Return a line for the target's post: its channel was not told of these guests before."""
    guests = [
        f"{one_line(one.visit.user.display_name)} ({one.to.label})"
        for one in plan.visits
        if one.visit.user.is_active
    ]
    return f"\nGuests: {', '.join(guests)}" if guests else ""


# -- what the people read ------------------------------------------------------------------------


def _list_recipients(plan: MergePlan) -> Iterator[StepRecipient]:
    for member in _reached([*plan.movers, *plan.leavers]):
        yield StepRecipient(member.user_id, member.user.display_name, _member_values(plan, member))
    reached = {one.user_id for one in (*plan.movers, *plan.leavers)}
    for moved in plan.visits:
        if moved.visit.user.is_active and moved.visit.user_id not in reached:
            reached.add(moved.visit.user_id)
            yield _guest(plan, moved)


def _reached(members: Iterable[Membership]) -> list[Membership]:
    """Return those who read it: closed accounts move too, but no one hears of them."""
    return [member for member in members if member.user.is_active]


def _member_values(plan: MergePlan, member: Membership) -> dict[str, str]:
    joins, zone = member in plan.movers, member.user.timezone
    leaders = join_names(one_line(one.display_name) for one in plan.leaders)
    led = f", led by {leaders}" if leaders else ""
    ahead = plan.next_meeting
    return {
        **_names(plan),
        "from_today": f"From today you're in {one_line(plan.target.name)}{led}." if joins else "",
        "next": f"Next meeting: {name_when(ahead.starts_at, zone)}." if joins and ahead else "",
        "visit": " ".join(
            f"Your visit to {one_line(plan.target.name)} in {one.host_meeting.label} has ended, "
            "since you're a member now."
            for one in plan.own_visits
            if one.user_id == member.user_id
        ),
        "archive": _promise(plan, zone),
        "help": f"The time doesn't work? Tell us {page_url('my-meetings')}" if joins else "",
    }


def _promise(plan: MergePlan, zone: str) -> str:
    if plan.reads_until is None:
        return ""
    until = name_day(plan.reads_until, zone)
    return f"You can read the channels of {one_line(plan.source.name)} until {until}."


def _guest(plan: MergePlan, moved: MovedVisit) -> StepRecipient:
    person = moved.visit.user
    when = name_when(moved.to.starts_at, person.timezone)
    visit = f"Your visit is now to {one_line(plan.target.name)}, {moved.to.label}: {when}."
    values = {**dict.fromkeys(MergeGroups.placeholders, ""), **_names(plan), "visit": visit}
    return StepRecipient(person.pk, person.display_name, values)


def _names(plan: MergePlan) -> dict[str, str]:
    return {"old": one_line(plan.source.name), "new": one_line(plan.target.name)}
