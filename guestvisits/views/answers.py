"""RSVP buttons ("I'll come", "Maybe", "I can't") for one's own meetings and visited ones."""

from datetime import datetime
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseLocation

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import User
from guestvisits.pages.agenda import read_agenda
from guestvisits.substitutes.facts import others_who_come
from guestvisits.views.learners import SHOWN
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.models import Attendance
from meetings.rsvps import set_rsvp
from meetings.selectors import facilitates


@signed_in
@require_POST
def answer(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    """Record an RSVP from the page "my meetings".

    People who can't come are led to what they can do instead. Otherwise htmx gets the meeting's
    fragment back.
    """
    now, refusal, instead = clock.now(), None, ""
    try:
        given = set_rsvp(meeting_id, request.user.pk, request.POST.get("rsvp", ""), now=now)
        instead = _find_instead(request.user, given)
    except Refusal as refused:
        if refused.code == "no_meeting":
            raise Http404(refused.sentence) from refused
        refusal = refused
    in_place = bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]
    if instead:
        messages.success(request, "Your answer is saved: you can't come.")
        return HttpResponseLocation(instead) if in_place else redirect(instead)
    if in_place:
        return _show_part(request, meeting_id, refusal, now)
    page = reverse("my-meetings")
    if refusal:
        messages.error(request, refusal.sentence)
        return redirect(page)
    # The list that contains the meeting may be folded.
    return redirect(f"{page}?{urlencode({SHOWN: meeting_id})}#meeting-{meeting_id}")


def _find_instead(user: User, given: Attendance) -> str:
    """Return the page about what to do instead of attending; "" if there is nothing to do.

    Members are led to other groups, and a facilitator without whom no one leads the meeting to the
    search for a substitute. A guest decides on "my meetings" whether to cancel the visit.
    """
    meeting = given.meeting
    if given.rsvp != Attendance.Rsvp.NOT_ATTENDING or given.is_guest:
        return ""
    if facilitates(user, meeting.group_id):
        is_led = others_who_come(meeting, user.pk)
        return "" if is_led else reverse("ask-substitute", args=[meeting.group_id, meeting.pk])
    return reverse("alternatives", args=[meeting.pk]) if meeting.number else ""


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
