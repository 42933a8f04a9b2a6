"""`/meetings/`: my meetings, "I can't attend", another group's meeting, my visits."""

from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseLocation

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.validators import read_id
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.joining.joinable import may_choose_group
from guestvisits.pages.agenda import Upcoming, is_over
from guestvisits.pages.my_meetings import read_my_meetings
from guestvisits.pages.visit_status import read_progress
from guestvisits.rate_limits import limited
from guestvisits.selectors import list_visits
from guestvisits.services.alternatives import find_alternatives
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from guestvisits.set_up_status import read_set_up
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.attendance.ledger import read_person_records

SHOWN = "shown"  # the meeting to which the address leads, in a list that would be folded


@signed_in
@require_GET
def my_meetings(request: SignedInRequest) -> HttpResponse:
    now = clock.now()
    page = read_my_meetings(request.user.pk, now, shown=read_id(request.GET.get(SHOWN, "")))
    context = {
        "page": page,
        "now": now,
        "invite_url": settings.DISCORD_INVITE_URL,
        "records": read_person_records(request.user.pk, now) if page.agenda.held else (),
        "set_up": read_set_up(request.user),
        "may_choose_group": may_choose_group(request.user.pk, now),
    }
    return render(request, "meetings/index.html", context)


@signed_in
@require_GET
def alternatives(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    try:
        found = find_alternatives(request.user.pk, meeting_id, clock.now())
    except Refusal as refusal:
        raise Http404(refusal.sentence) from refusal
    return render(request, "meetings/alternatives.html", {"found": found})


@signed_in
@require_POST
@limited("visits")
def book(request: SignedInRequest, meeting_id: int) -> HttpResponse:
    now = clock.now()
    host_id = read_id(request.POST.get("host", ""))
    try:
        visit = book_visit(
            request.user.pk,
            home_meeting_id=meeting_id,
            host_meeting_id=host_id,
            shown_start=_read_moment(request.POST.get("starts_at", "")),
            now=now,
        )
    except Refusal as refusal:
        if refusal.code == "no_meeting":
            raise Http404(refusal.sentence) from refusal
        messages.error(request, refusal.sentence)
        return redirect("alternatives", meeting_id)
    booked = f"You're visiting {visit.host_meeting.group} in {visit.host_meeting.label}."
    if visit.home_meeting.starts_at > now:
        booked += " Your own group will see that you are away."
    messages.success(request, booked)
    return redirect("my-meetings")


def _read_moment(text: str) -> datetime | None:
    """Return the start that the page showed; None if it is missing or invalid."""
    try:
        moment = parse_datetime(text)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


@signed_in
@require_POST
@limited("visits")
def cancel(request: SignedInRequest, host_meeting_id: int) -> HttpResponse:
    with shown_refusals(request, "no_visit"):
        visit = cancel_visit(request.user.pk, host_meeting_id=host_meeting_id, now=clock.now())
        messages.success(request, f"Your visit to {visit.host_meeting.group} is cancelled.")
    return redirect("my-meetings")


@signed_in
@require_GET
def visit_progress(request: SignedInRequest, visit_id: int) -> HttpResponse:
    """Return the status fragment, which polls until the status is final."""
    now = clock.now()
    visits = [mine for mine in list_visits(request.user.pk, now) if mine.visit.pk == visit_id]
    if not visits:
        raise Http404("There is no such visit.")
    progress = read_progress(request.user.pk, visits, now)
    if visit_id not in progress or is_over(visits[0], now):
        # The visit has ended, so the rest of the page is outdated too.
        return HttpResponseLocation(reverse("my-meetings"))
    context = {
        "row": Upcoming(visits[0], progress[visit_id]),
        "invite_url": settings.DISCORD_INVITE_URL,
    }
    return render(request, "meetings/_progress.html", context)
