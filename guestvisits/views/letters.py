"""A facilitator's letter to those of a group who are at risk: form, preview, sending."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import Group, Membership
from cohorts.words import count_people, join_names
from guestvisits.converters import read_ids
from guestvisits.rate_limits import limited
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.attendance.ledger import AttendanceRecord, read_records
from meetings.selectors import facilitates
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import LetterPreview, read_preview, show_letter
from meetings.writing.letter_text import AT_RISK_DRAFT, LetterTextForm, read_letter_id
from meetings.writing.posting import post_letter
from meetings.writing.staff_letter import CHOSEN_PEOPLE, FACILITATOR


@dataclass
class _GroupLetter:
    """One request to the page. `records`: those at risk, to whom alone the letter can go."""

    request: SignedInRequest
    group: Group
    form: LetterTextForm
    records: list[AttendanceRecord]
    now: datetime
    preview: LetterPreview | None = None
    why_not: str = ""

    @property
    def ticked(self) -> Set[int]:
        """Return the ids of the chosen people, at first of everyone at risk."""
        ids = {record.member.user_id for record in self.records}
        asked = self.request.POST.getlist("people")
        return ids & read_ids(asked) if self.form.is_bound else ids

    def members(self) -> QuerySet[Membership]:
        chosen = choose_members(self.group.cohort_id, AudienceKind.PEOPLE, self.ticked)
        return chosen.filter(group=self.group, role=Membership.Role.PARTICIPANT)

    def look(self) -> None:
        self.preview = read_preview(self.form.letter, self.members(), self.now)

    def send(self) -> LetterPreview:
        asked = self.request.POST
        return post_letter(
            self.group.cohort,
            self.members(),
            letter=self.form.letter,
            letter_id=read_letter_id(asked),
            audience=CHOSEN_PEOPLE,
            seen=asked.get("seen", ""),
            seen_readers=read_ids(asked.get("seen_readers", "").split(",")),
            sender=self.request.user,
            now=self.now,
            role=FACILITATOR,
        )


@signed_in
@require_http_methods(["GET", "POST"])
@limited("moves")
def write(request: SignedInRequest, group_id: int) -> HttpResponse:
    """Show the form and the preview, and take the confirmation."""
    group = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if group is None or not facilitates(request.user, group_id):
        raise Http404("There is no such group among yours.")
    letter = _open_letter(request, group, clock.now())
    action = request.POST.get("do", "")
    if letter.form.is_bound and letter.form.is_valid() and action != "edit":
        try:
            if action == "send":
                return _finish(request, letter)
            letter.look()
        except Refusal as refusal:
            letter.form.add_error(None, refusal.sentence)
    status = 400 if letter.form.errors else 200
    return render(request, "groups/write.html", _describe(letter), status=status)


def _open_letter(request: SignedInRequest, group: Group, now: datetime) -> _GroupLetter:
    subject, text = AT_RISK_DRAFT
    form = LetterTextForm(request.POST or None, initial={"subject": subject, "text": text})
    records = [
        record
        for record in read_records([group.pk], now).values()
        if record.open_risk and record.member.user.is_active
    ]
    return _GroupLetter(request, group, form, records, now)


def _finish(request: SignedInRequest, letter: _GroupLetter) -> HttpResponse:
    """Send the letter, or show the new preview if it would be another one. Raises Refusal."""
    try:
        sent = letter.send()
    except Refusal as refusal:
        if refusal.code == "already_sent":
            messages.warning(request, refusal.sentence)
            return redirect("group", letter.group.pk)
        if refusal.code != "audience_changed":
            raise
        letter.look()
        letter.why_not = refusal.sentence
        return render(request, "groups/write.html", _describe(letter))
    gets = "gets" if len(sent.reached) == 1 else "get"
    said = f"{count_people(len(sent.reached))} {gets} the letter now."
    if sent.unreached:
        said += f" {join_names(one.name for one in sent.unreached)} cannot be reached for now."
    messages.success(request, said)
    return redirect("group", letter.group.pk)


def _describe(letter: _GroupLetter) -> dict[str, Any]:
    context: dict[str, Any] = {
        "group": letter.group,
        "form": letter.form,
        "records": letter.records,
        "ticked": letter.ticked,
        "letter_id": read_letter_id(letter.request.POST),
    }
    if letter.preview is None:
        return context
    reader = [*letter.preview.reached, *letter.preview.unreached][0]
    sender = letter.request.user
    return context | {
        "preview": letter.preview,
        "why_not": letter.why_not,
        "seen_readers": ",".join(str(one.id) for one in letter.preview.readers),
        "reader": reader,
        "shown": show_letter(reader, letter.preview.letter, sender, letter.now, role=FACILITATOR),
    }
