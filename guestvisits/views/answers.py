"""RSVP buttons ("I'll come", "Maybe", "I can't") for one's own meetings and visited ones."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseLocation

from cohorts import clock
from cohorts.errors import Refusal
from guestvisits.pages.agenda import read_agenda
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.rsvps import set_rsvp


@signed_in
@require_POST
def answer(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Record an RSVP from the page "my meetings". htmx gets the meeting's fragment back."""
    now, refusal = clock.now(), None
    try:
        set_rsvp(meeting_id, request.user.pk, request.POST.get("rsvp", ""), now=now)
    except Refusal as refused:
        if refused.code == "no_meeting":
            raise Http404(refused.sentence) from refused
        refusal = refused
    if request.htmx and not request.htmx.boosted:  # type: ignore[attr-defined]
        return _show_part(request, meeting_id, refusal, now)
    page = reverse("my-meetings")
    if refusal:
        messages.error(request, refusal.sentence)
        return redirect(page)
    return redirect(f"{page}#meeting-{meeting_id}")


def _show_part(
    request: SignedInRequest, meeting_id: int, refusal: Refusal | None, now: datetime
) -> HttpResponse:
    agenda = read_agenda(request.user.pk, now)
    context = {"answered": True, "refusal": refusal, "invite_url": settings.DISCORD_INVITE_URL}
    for entry in agenda.entries:
        if entry.mine.meeting.pk == meeting_id and entry.may_answer:
            return render(request, "meetings/_entry.html", {**context, "entry": entry})
    for row in agenda.upcoming:
        if row.mine.visit.host_meeting_id == meeting_id and row.mine.can_cancel:
            return render(request, "meetings/_visit.html", {**context, "row": row})
    if refusal:
        messages.error(request, refusal.sentence)
    # It can no longer be answered, so the rest of the page is outdated too.
    return HttpResponseLocation(reverse("my-meetings"))
