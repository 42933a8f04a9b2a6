"""Moving meetings in the admin: fill in the form, preview, confirm."""

from typing import cast
from urllib.parse import urldefrag

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from cohorts import clock
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import next_page
from cohorts.models import Group, User
from cohorts.web.access import require, staff_may
from meetings.access import MOVE
from meetings.models import Meeting
from meetings.moving.forms import GROUP_FORMS, MEETING_FORMS, MoveForm
from meetings.moving.steps import take_step


def move_meeting(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    meeting = get_object_or_404(Meeting.objects.select_related("group__cohort"), pk=pk)
    form_class = _find_form(request, MEETING_FORMS, what)
    back = next_page(request, reverse("admin:meetings_meeting_change", args=[pk]))
    return _answer(request, form_class, meeting.group, meeting, back)


def move_group(request: HttpRequest, pk: int, what: str) -> HttpResponse:
    group = get_object_or_404(Group.objects.select_related("cohort"), pk=pk)
    form_class = _find_form(request, GROUP_FORMS, what)
    return _answer(request, form_class, group, None, _page_of(group, request))


def _page_of(group: Group, request: HttpRequest) -> str:
    if staff_may(cast(User, request.user), "cohorts.view_group"):
        return reverse("group", args=[group.pk])
    return reverse("admin:meetings_meeting_changelist")


def _find_form(request: HttpRequest, forms: dict[str, type[MoveForm]], what: str) -> type[MoveForm]:
    require(request, *MOVE)
    if what not in forms:
        raise Http404("There is no such move.")
    return forms[what]


def _answer(
    request: HttpRequest,
    form_class: type[MoveForm],
    group: Group,
    meeting: Meeting | None,
    back: str,
) -> HttpResponse:
    assert isinstance(request.user, User)  # admin_view requires a signed-in user
    data = request.POST if request.method == "POST" else None
    form = form_class(data, group=group, meeting=meeting)
    step = take_step(form, by=request.user.pk, now=clock.now())
    if step.done:
        messages.success(
            request, "Done. Everyone affected gets a message, and calendars are updated."
        )
        return redirect(urldefrag(back).url)  # to the top, where the message is
    status = 400 if step.form.errors else 200
    template, title = "admin/meetings/move.html", step.form.heading
    about = {"cohort": group.cohort, "object": group}  # the way to the page
    return admin_page(request, template, title, step=step, back=back, status=status, **about)
