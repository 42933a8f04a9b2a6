"""Answer whether a meeting at which almost no one was seen was held."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST
from django_htmx.http import HttpResponseClientRedirect

from cohorts import clock
from cohorts.access import staff_may
from cohorts.errors import Refusal
from guestvisits.pages.group_page import read_meeting_row
from guestvisits.substitutes.selectors import find_led
from guestvisits.views.facilitators import find_return_url
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.access import CORRECT, MOVE, SEE_GROUP, may_each, may_see_group
from meetings.attendance.was_held import answer_was_held
from meetings.models import Meeting


@signed_in
@require_POST
def answer(request: SignedInRequest, group_id: int, meeting_id: int) -> HttpResponse:
    """Record the answer. htmx gets only the one meeting's fragment back."""
    now = clock.now()
    may_correct, may_move = may_each(request.user, (CORRECT, MOVE), group_id)
    led = None if may_correct else find_led(request.user.pk, meeting_id, now)
    meetings = Meeting.objects.select_related("group__cohort", "was_held_by")
    if not (may_correct or led) or not meetings.filter(pk=meeting_id, group=group_id).exists():
        raise Http404("There is no such meeting among yours.")
    in_place = bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]
    said = request.POST.get("answer", "")
    try:
        answer_was_held(meeting_id, answer=said, by=request.user.pk, now=now)
    except Refusal as refusal:
        messages.error(request, refusal.sentence)
    else:
        if in_place and (led or may_see_group(request.user, group_id)):
            row = read_meeting_row(meetings.get(pk=meeting_id), now)
            context = {
                "row": row,
                "may_correct": True,
                "may_move": may_move,
                "is_staff_page": staff_may(request.user, *SEE_GROUP),
            }
            return render(request, "groups/_meeting.html", context)
    page = reverse("substitution", args=[led.pk]) if led else None
    anchor = Meeting.objects.get(pk=meeting_id).anchor
    back = f"{page or find_return_url(request.user, group_id)}#{anchor}"
    return HttpResponseClientRedirect(back) if in_place else HttpResponseRedirect(back)
