"""Substitutes: "I can't lead", "I'll lead", "I can't", "I can lead after all".

Opening a link never answers: the page of a substitution shows buttons, which post.
"""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from cohorts import clock
from cohorts.models import Group
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.pages.group_page import read_meeting_row
from guestvisits.rate_limits import limited
from guestvisits.substitutes.facts import others_who_come
from guestvisits.substitutes.selectors import (
    SubstitutionStatus,
    find_status,
    open_substitutions,
)
from guestvisits.substitutes.services import answer_offer, request_substitute, return_to_lead
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.models import Meeting
from meetings.registries import find_venues
from meetings.selectors import expected_at, facilitates

DONE = {
    "lead": "You lead this meeting. Thank you!",
    "cannot": "Your answer is saved. Thank you for answering.",
    "return": "You lead this meeting again. No substitute is needed any more.",
}


@signed_in
@require_http_methods(["GET", "POST"])
@limited("moves")
def ask(request: SignedInRequest, group_id: int, meeting_id: int) -> HttpResponse:
    """Show what "I can't lead" does; POST does it."""
    found = Meeting.objects.select_related("group__cohort__course")
    meeting = found.filter(pk=meeting_id, group=group_id).first()
    if meeting is None or not facilitates(request.user, group_id):
        raise _not_found()
    if request.method == "POST":
        with shown_refusals(request):
            made = request_substitute(meeting_id, request.user.pk, now=clock.now())
            messages.success(request, "We are looking for a substitute.")
            return redirect("substitution", made.pk)
        return redirect("ask-substitute", group_id, meeting_id)
    open_one = open_substitutions([meeting]).get(meeting.pk)
    if open_one is not None and open_one.away_id == request.user.pk:
        return redirect("substitution", open_one.pk)
    others = others_who_come(meeting, request.user.pk)
    context = {"meeting": meeting, "others": others, "open": open_one}
    return render(request, "groups/ask_substitute.html", context)


@signed_in
@require_GET
def substitution(request: SignedInRequest, substitution_id: int) -> HttpResponse:
    now = clock.now()
    status = _find(request, substitution_id, now)
    meeting = status.meeting
    group: Group = meeting.group
    row = read_meeting_row(meeting, now) if status.sees_people else None
    context = {
        "status": status,
        "meeting": meeting,
        "row": row,
        "may_correct": row is not None,
        "expected": len(expected_at([meeting])[meeting.pk]),
        "venue": find_venues([group.pk]).get(group.pk) if status.sees_people else None,
    }
    return render(request, "groups/substitution.html", context)


@signed_in
@require_POST
@limited("moves")
def answer(request: SignedInRequest, substitution_id: int, what: str) -> HttpResponse:
    now = clock.now()
    status = _find(request, substitution_id, now)
    with shown_refusals(request):
        _carry_out(request.user.pk, status, what, now)
        messages.success(request, DONE[what])
    return redirect("substitution", substitution_id)


def _carry_out(user_id: int, status: SubstitutionStatus, what: str, now: datetime) -> None:
    if what == "return" and status.is_away:
        return_to_lead(status.substitution.pk, user_id, now=now)
    elif what in {"lead", "cannot"} and status.offer:
        answer_offer(status.offer.pk, user_id, leads=what == "lead", now=now)
    else:
        raise _not_found()


def _find(request: SignedInRequest, substitution_id: int, now: datetime) -> SubstitutionStatus:
    status = find_status(request.user.pk, substitution_id, now)
    if status is None:
        raise _not_found()
    return status


def _not_found() -> Http404:
    return Http404("There is no such meeting among those of your groups.")
