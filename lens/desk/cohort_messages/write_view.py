"""Writing a letter to people of a cohort: form, preview as each reader sees it, and sending."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.access import require, staff_may
from cohorts.errors import Refusal
from cohorts.models import Cohort, Membership, User
from cohorts.outbox.explanations import read_outlook
from cohorts.words import count_people
from guestvisits.converters import read_ids
from lens.desk.cohort_messages.letter_audiences import LetterAudiences, read_audiences
from lens.desk.cohort_page.tabs import WRITE_LETTERS, open_tab
from meetings.writing.audience import AudienceKind
from meetings.writing.letter_preview import LetterPreview, LetterReader, read_preview, show_letter
from meetings.writing.letter_text import AT_RISK_DRAFT, LetterTextForm, read_letter_id
from meetings.writing.posting import post_letter


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


@dataclass
class _Writing:
    """One request to the page."""

    sender: User
    cohort: Cohort
    asked: QueryDict
    audiences: LetterAudiences
    form: LetterForm
    now: datetime
    preview: LetterPreview | None = None
    sent: LetterPreview | None = None
    why_not: str = ""

    @property
    def letter_id(self) -> str:
        """The same for each press of a button of one letter."""
        return read_letter_id(self.asked)

    def advance(self) -> None:
        """Preview or send, as far as the form allows. A refusal becomes an error of the form."""
        action = self.asked.get("do", "")
        if not self.form.is_bound or not self.form.is_valid() or action == "edit":
            return
        try:
            if action == "send":
                self._send()
            else:
                self._look()
        except Refusal as refusal:
            if refusal.code == "already_sent":
                raise
            self.form.add_error(None, refusal.sentence)

    def _look(self) -> None:
        self.preview = read_preview(self.form.letter, self._members(), self.now)

    def _send(self) -> None:
        try:
            self.sent = post_letter(
                self.cohort,
                self._members(),
                letter=self.form.letter,
                letter_id=self.letter_id,
                audience=self.audiences.describe(self.form.cleaned_data["audience"], self.form.ids),
                seen=self.asked.get("seen", ""),
                seen_readers=read_ids(self.asked.get("seen_readers", "").split(",")),
                sender=self.sender,
                now=self.now,
            )
        except Refusal as refusal:
            if refusal.code != "audience_changed":
                raise
            self._look()
            self.why_not = refusal.sentence

    def _members(self) -> QuerySet[Membership]:
        return self.audiences.choose(self.form.cleaned_data["audience"], self.form.ids)

    def find_reader(self) -> LetterReader | None:
        """Return the person whose letter is shown: the chosen one, or the first who gets it."""
        if self.preview is None:
            return None
        chosen = self.asked.get("reader", "")
        readers = [*self.preview.reached, *self.preview.unreached]
        return next((one for one in readers if str(one.id) == chosen), readers[0])


@require_http_methods(["GET", "POST"])
def write_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the form, the preview, and take the confirmation."""
    cohort, context = open_tab(request, pk, "messages")
    sender = require(request, *WRITE_LETTERS)
    asked = request.POST if request.method == "POST" else request.GET
    audiences = read_audiences(cohort, read_ids(asked.getlist("people")))
    writing = _Writing(
        sender, cohort, asked, audiences, _build_form(request, audiences), clock.now()
    )
    try:
        writing.advance()
    except Refusal as refusal:
        messages.warning(request, refusal.sentence)
        return redirect("admin:cohort_messages", pk)
    if writing.sent:
        messages.success(request, _say_sent(writing.sent))
        return redirect("admin:cohort_messages", pk)
    context |= {"title": f"Write to people of {cohort}", **_describe(writing)}
    page = "write_preview" if writing.preview else "write"
    status = 400 if writing.form.errors else 200
    return TemplateResponse(request, f"admin/desk/cohort/{page}.html", context, status=status)


def _build_form(request: HttpRequest, audiences: LetterAudiences) -> LetterForm:
    """Return the form, without people who are no longer in the cohort: the preview names them."""
    if request.method != "POST":
        return LetterForm(initial=_read_initial(request.GET), audiences=audiences)
    data = request.POST.copy()
    data.setlist("people", [str(one.pk) for one in audiences.named])
    return LetterForm(data, audiences=audiences)


def _describe(writing: _Writing) -> dict[str, Any]:
    reader, preview = writing.find_reader(), writing.preview
    named = len(writing.audiences.named_ids) - len(writing.audiences.named)
    context: dict[str, Any] = {
        "form": writing.form,
        "letter_id": writing.letter_id,
        "strangers": named,
        "may_enter_address": staff_may(writing.sender, "cohorts.change_user"),
    }
    if preview is None or reader is None:
        return context
    outlook = read_outlook(writing.now)
    return context | {
        "preview": preview,
        "why_not": writing.why_not,
        "seen_readers": ",".join(str(one.id) for one in preview.readers),
        "waits": outlook.hold or outlook.email_trouble,
        "empty": preview.lacking("next_meeting"),
        "reader": reader,
        "letter": show_letter(reader, preview.letter, writing.sender, writing.now),
    }


def _say_sent(sent: LetterPreview) -> str:
    gets = "gets" if len(sent.reached) == 1 else "get"
    said = f"{count_people(len(sent.reached))} {gets} the letter now."
    if sent.unreached:
        said += f" {count_people(len(sent.unreached))} cannot be reached for now."
    return said


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
