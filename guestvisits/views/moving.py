"""Moving meetings, for the group's facilitators: fill in the form, preview, confirm."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cohorts import clock
from cohorts.models import Group
from guestvisits.rate_limits import limited
from guestvisits.views.facilitators import find_return_url
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.access import MOVE, may
from meetings.models import Meeting
from meetings.moving.forms import GROUP_FORMS, MEETING_FORMS, MoveForm
from meetings.moving.steps import take_step


@signed_in
@require_http_methods(["GET", "POST"])
@limited("moves")
def move_meeting(
    request: SignedInRequest, group_id: int, meeting_id: int, what: str
) -> HttpResponse:
    group = _find_group(request, group_id)
    meeting = Meeting.objects.filter(pk=meeting_id, group=group).first()
    if meeting is None or what not in MEETING_FORMS:
        raise _not_found()
    meeting.group = group
    return _answer(request, MEETING_FORMS[what], group, meeting)


@signed_in
@require_http_methods(["GET", "POST"])
@limited("moves")
def move_group(request: SignedInRequest, group_id: int, what: str) -> HttpResponse:
    group = _find_group(request, group_id)
    if what not in GROUP_FORMS:
        raise _not_found()
    return _answer(request, GROUP_FORMS[what], group, None)


def _find_group(request: SignedInRequest, group_id: int) -> Group:
    """Return the group if the user may move its meetings. Raises Http404."""
    group = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if group is None or not may(request.user, MOVE, group_id):
        raise _not_found()
    return group


def _not_found() -> Http404:
    return Http404("There is no such meeting among those of your groups.")


def _answer(
    request: SignedInRequest, form_class: type[MoveForm], group: Group, meeting: Meeting | None
) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = form_class(data, group=group, meeting=meeting)
    step = take_step(form, by=request.user.pk, now=clock.now())
    if step.done:
        messages.success(
            request, "Done. Everyone affected gets a message, and calendars are updated."
        )
        return redirect(find_return_url(request.user, group.pk))
    # htmx ignores the response to a link if its status is 400; forms on this page are not boosted.
    status = 400 if request.method == "POST" and step.form.errors else 200
    context = {"step": step, "group": group, "back": find_return_url(request.user, group.pk)}
    return render(request, "groups/move.html", context, status=status)
