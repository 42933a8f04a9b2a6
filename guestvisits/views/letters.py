"""A facilitator's letter to those of a group who are at risk."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.models import Group, Membership
from cohorts.validators import read_ids
from cohorts.words import join_names
from guestvisits.rate_limits import limited
from guestvisits.views.letter_page import LetterPage
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.attendance.ledger import AttendanceRecord, read_records
from meetings.selectors import facilitates
from meetings.writing.audience import AudienceKind, choose_members
from meetings.writing.letter_preview import LetterReader
from meetings.writing.letter_text import AT_RISK_DRAFT, LetterTextForm
from meetings.writing.staff_letter import FACILITATOR


@dataclass(kw_only=True)
class _GroupLetterPage(LetterPage):
    """`records`: those at risk, to whom alone the letter can go."""

    group: Group
    records: list[AttendanceRecord]

    @property
    def ticked(self) -> Set[int]:
        """Return the ids of the chosen people, at first of everyone at risk."""
        ids = {record.member.user_id for record in self.records}
        return ids & read_ids(self.asked.getlist("people")) if self.form.is_bound else ids

    def members(self) -> QuerySet[Membership]:
        chosen = choose_members(self.cohort.pk, AudienceKind.PEOPLE, self.ticked)
        return chosen.filter(group=self.group, role=Membership.Role.PARTICIPANT)

    def name_people(self, people: list[LetterReader]) -> str:
        return join_names(one.name for one in people)


@signed_in
@require_http_methods(["GET", "POST"])
@limited("moves")
def write(request: SignedInRequest, group_id: int) -> HttpResponse:
    """Show the form and the preview, and take the confirmation."""
    group = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if group is None or not facilitates(request.user, group_id):
        raise Http404("There is no such group among yours.")
    page = _open_page(request, group, clock.now())
    if page.advance(request):
        return redirect("group", group_id)
    context = page.describe() | {"group": group, "records": page.records, "ticked": page.ticked}
    return render(request, "groups/write.html", context, status=page.status)


def _open_page(request: SignedInRequest, group: Group, now: datetime) -> _GroupLetterPage:
    subject, text = AT_RISK_DRAFT
    records = [
        record
        for record in read_records([group.pk], now).values()
        if record.open_risk and record.member.user.is_active
    ]
    return _GroupLetterPage(
        sender=request.user,
        cohort=group.cohort,
        asked=request.POST,
        form=LetterTextForm(request.POST or None, initial={"subject": subject, "text": text}),
        now=now,
        role=FACILITATOR,
        group=group,
        records=records,
    )
