"""Writing a letter to people of a cohort: form, preview as each reader sees it, and sending."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.group_labels import name_slot
from cohorts.models import Cohort, Group, Membership, User
from cohorts.outbox.explanations import read_outlook
from cohorts.validators import read_ids
from cohorts.web.access import require, staff_may
from cohorts.words import count_people, join_names
from discordsync.joining.reminders import find_not_joined, invited_members
from guestvisits.views.letter_page import LetterPage
from lens.desk.cohort_page.tabs import WRITE_LETTERS, open_tab
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_text import AT_RISK_DRAFT, LetterTextForm
from meetings.writing.staff_letter import CHOSEN_PEOPLE

NOT_JOINED = "not_joined"


@dataclass(frozen=True)
class LetterAudiences:
    """The people of a cohort as audiences. `named` are people whom another page led here with."""

    cohort: Cohort
    members: tuple[Membership, ...]
    not_joined: frozenset[int]
    named_ids: frozenset[int]

    @cached_property
    def groups(self) -> Mapping[Group, set[int]]:
        """The groups with their people, by name."""
        found: dict[Group, set[int]] = defaultdict(set)
        for member in sorted(self.members, key=lambda one: (one.group.name, one.group_id)):
            found[member.group].add(member.user_id)
        return found

    @cached_property
    def named(self) -> list[User]:
        people = {one.user_id: one.user for one in self.members if one.user_id in self.named_ids}
        return sorted(people.values(), key=lambda one: (one.display_name, one.pk))

    def list_kinds(self) -> Iterable[tuple[str, str]]:
        everyone = {one.user_id for one in self.members}
        leaders = {one.user_id for one in self.members if one.role == Membership.Role.FACILITATOR}
        yield AudienceKind.COHORT, f"Everyone in the cohort ({count_people(len(everyone))})"
        yield AudienceKind.GROUPS, "Some groups, chosen below"
        yield AudienceKind.FACILITATORS, f"Facilitators only ({count_people(len(leaders))})"
        yield (
            NOT_JOINED,
            f"Those who have not joined the Discord server ({count_people(len(self.not_joined))})",
        )
        if self.named:
            yield AudienceKind.PEOPLE, "Some people, chosen below"

    def list_groups(self) -> Iterable[tuple[str, str]]:
        for group, people in self.groups.items():
            yield str(group.pk), f"{group}, {name_slot(group)}, {count_people(len(people))}"

    def choose(self, kind: str, ids: Collection[int]) -> QuerySet[Membership]:
        if kind == NOT_JOINED:
            return choose_members(self.cohort.pk, AudienceKind.PEOPLE, self.not_joined)
        return choose_members(self.cohort.pk, AudienceKind(kind), ids)

    def describe(self, kind: str, ids: Collection[int]) -> str:
        """Return the audience in a few words, for the cohort's history."""
        match kind:
            case AudienceKind.COHORT:
                return "everyone in the cohort"
            case AudienceKind.FACILITATORS:
                return "the facilitators"
            case AudienceKind.GROUPS:
                return join_names(group.name for group in self.groups if group.pk in ids)
            case AudienceKind.PEOPLE:
                return CHOSEN_PEOPLE
            case _:
                return "those who have not joined the Discord server"


def read_audiences(cohort: Cohort, named_ids: Collection[int]) -> LetterAudiences:
    """Return the audiences. Three queries."""
    members = choose_members(cohort.pk, AudienceKind.COHORT).select_related("user", "group")
    missing = find_not_joined(invited_members().filter(cohort=cohort))
    return LetterAudiences(
        cohort,
        tuple(members.order_by("pk")),
        frozenset(one.person.pk for one in missing),
        frozenset(named_ids),
    )


class LetterForm(LetterTextForm):
    """Audience, subject and text. GET parameters are its initial values."""

    audience = forms.ChoiceField(label="To", widget=forms.RadioSelect)
    groups = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    people = forms.MultipleChoiceField(required=False, widget=forms.CheckboxSelectMultiple)
    field_order = ("audience", "groups", "people", "subject", "text")

    def __init__(self, *args: Any, audiences: LetterAudiences, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: dict[str, Any] = self.fields
        fields["audience"].choices = list(audiences.list_kinds())
        fields["groups"].choices = list(audiences.list_groups())
        fields["people"].choices = [(str(one.pk), one.display_name) for one in audiences.named]
        if not audiences.named:
            del self.fields["people"]

    def clean(self) -> dict[str, Any]:
        """Refuse a choice below that does not fit the audience: one of them is a slip."""
        found = super().clean() or {}
        kind = found.get("audience")
        if kind == AudienceKind.GROUPS and not found.get("groups"):
            self.add_error("groups", "Choose at least one group.")
        if kind == AudienceKind.PEOPLE and not found.get("people"):
            self.add_error("people", "Choose at least one person.")
        if kind and kind != AudienceKind.GROUPS and found.get("groups"):
            self.add_error("groups", "Choose “Some groups” above, or untick the groups.")
        return found

    @property
    def ids(self) -> frozenset[int]:
        """The ids of the groups or people that the audience consists of."""
        kind = self.cleaned_data["audience"]
        chosen = self.cleaned_data.get(kind, ()) if kind in {"groups", "people"} else ()
        return frozenset(map(int, chosen))


# What a letter begins with, by what the link to the form says that it is about.
DRAFTS = {"at-risk": AT_RISK_DRAFT}


@dataclass(kw_only=True)
class _CohortLetterPage(LetterPage):
    form: LetterForm
    audiences: LetterAudiences

    def members(self) -> QuerySet[Membership]:
        return self.audiences.choose(self.form.cleaned_data["audience"], self.form.ids)

    def name_audience(self) -> str:
        return self.audiences.describe(self.form.cleaned_data["audience"], self.form.ids)


@require_http_methods(["GET", "POST"])
def write_view(request: HttpRequest, pk: int) -> HttpResponse:
    cohort, context = open_tab(request, pk, "messages")
    sender = require(request, *WRITE_LETTERS)
    asked = request.POST if request.method == "POST" else request.GET
    named = (*request.GET.getlist("people"), *request.POST.getlist("people"))
    audiences = read_audiences(cohort, read_ids(named))
    page = _CohortLetterPage(
        sender=sender,
        cohort=cohort,
        asked=asked,
        form=_build_form(request, audiences),
        now=clock.now(),
        audiences=audiences,
    )
    if page.advance(request):
        return redirect("admin:cohort_messages", pk)
    context |= {"title": f"Write to people of {cohort}", **_describe(page)}
    name = "write_preview" if page.preview else "write"
    template = f"admin/desk/cohort/{name}.html"
    return TemplateResponse(request, template, context, status=page.status)


def _build_form(request: HttpRequest, audiences: LetterAudiences) -> LetterForm:
    """Return the form, without people who are no longer in the cohort: the preview names them."""
    if request.method != "POST":
        return LetterForm(initial=_read_initial(request.GET), audiences=audiences)
    data = request.POST.copy()
    ticked = read_ids(data.getlist("people"))
    data.setlist("people", [str(one.pk) for one in audiences.named if one.pk in ticked])
    return LetterForm(data, audiences=audiences)


def _describe(page: _CohortLetterPage) -> dict[str, Any]:
    audiences = page.audiences
    context = page.describe() | {
        "strangers": len(audiences.named_ids) - len(audiences.named),
        "may_enter_address": staff_may(page.sender, "cohorts.change_user"),
    }
    if page.preview:
        outlook = read_outlook(page.now)
        context["waits"] = outlook.hold or outlook.email_problem
        context["empty"] = page.preview.lacking("next_meeting")
    return context


def _read_initial(asked: QueryDict) -> dict[str, Any]:
    """Return the initial values: the audience that a link chose."""
    people, groups = asked.getlist("people"), asked.getlist("groups")
    guess = "people" if people else "groups" if groups else "cohort"
    subject, text = DRAFTS.get(asked.get("about", ""), ("", ""))
    return {
        "audience": asked.get("audience", guess),
        "groups": groups,
        "people": people,
        "subject": asked.get("subject", subject),
        "text": asked.get("text", text),
    }
