"""Writing a letter to people of a cohort: form, preview as each reader sees it, and sending."""

from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.access import require, staff_may
from cohorts.models import Membership
from cohorts.outbox.explanations import read_outlook
from guestvisits.converters import read_ids
from guestvisits.views.letter_page import LetterPage
from lens.desk.cohort_messages.letter_audiences import LetterAudiences, read_audiences
from lens.desk.cohort_page.tabs import WRITE_LETTERS, open_tab
from meetings.writing.audience import AudienceKind
from meetings.writing.letter_text import AT_RISK_DRAFT, LetterTextForm


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
    """Show the form, the preview, and take the confirmation."""
    cohort, context = open_tab(request, pk, "messages")
    sender = require(request, *WRITE_LETTERS)
    asked = request.POST if request.method == "POST" else request.GET
    audiences = read_audiences(cohort, read_ids(asked.getlist("people")))
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
    data.setlist("people", [str(one.pk) for one in audiences.named])
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
