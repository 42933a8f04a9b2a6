"""`/groups/`: a facilitator's own groups, who comes to each meeting, and who was there.

At the URL of a group, members and current guests see when and where it meets. Staff see the same
page as facilitators inside the frame of staff pages, with what they can do.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST
from django_htmx.http import HttpResponseClientRedirect

from cohorts import clock
from cohorts.group_labels import name_places
from cohorts.models import Group, User
from cohorts.web.access import staff_may
from cohorts.web.refusal_messages import shown_refusals
from guestvisits.pages.group_page import GroupPage, read_group_page, read_meeting_row
from guestvisits.pages.member_page import awaits_access, read_member_page
from guestvisits.pages.my_groups import read_my_groups
from guestvisits.pages.staff_acts import CHANGE_MEMBERS, SETTINGS, list_acts
from guestvisits.substitutes.selectors import find_led, find_led_of_group
from guestvisits.views.signed_in import SignedInRequest, signed_in
from meetings.access import CORRECT, MOVE, SEE_GROUP, may_each, may_see_group
from meetings.attendance.corrections import correct_presence
from meetings.attendance.was_held import answer_was_held
from meetings.models import Meeting
from meetings.selectors import ended_groups_facilitated


@signed_in
@require_GET
def my_groups(request: SignedInRequest) -> HttpResponse:
    now = clock.now()
    context = {
        "page": read_my_groups(request.user.pk, now),
        "now": now,
        "ended": ended_groups_facilitated(request.user.pk),
    }
    return render(request, "groups/index.html", context)


@signed_in
@require_GET
def group(request: SignedInRequest, group_id: int) -> HttpResponse:
    found = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if found is None:
        raise _not_found()
    is_staff_page = staff_may(request.user, *SEE_GROUP)
    if not is_staff_page and not may_see_group(request.user, group_id):
        return _show_member(request, found)
    may_correct, may_move = may_each(request.user, (CORRECT, MOVE), group_id)
    page = read_group_page(found, clock.now())
    context = {
        "page": page,
        "may_correct": may_correct,
        "may_move": may_move,
        "may_lead": page.is_led_by(request.user.pk),
        **(_for_staff(request, page) if is_staff_page else {"frame": "base.html"}),
    }
    return render(request, "groups/group.html", context)


def _for_staff(request: SignedInRequest, page: GroupPage) -> dict[str, Any]:
    """Return what the page has for staff in addition to what facilitators see."""
    may_change = staff_may(request.user, *CHANGE_MEMBERS) and not page.group.has_ended
    return {
        **admin.site.each_context(request),
        "frame": "groups/staff_frame.html",
        "title": str(page.group),
        "cohort": page.group.cohort,
        "is_staff_page": True,
        "acts": list_acts(request.user, page.group),
        "places": name_places(page.group.size, page.participants),
        "may_change_members": may_change,
    }


def _show_member(request: SignedInRequest, group: Group) -> HttpResponse:
    """Show the page for members and guests.

    Guests whose access has not begun are redirected to their meetings, which show when it begins,
    substitutes to the page of the meeting that they lead, and staff who may read only the group's
    settings to these.
    """
    now = clock.now()
    page = read_member_page(request.user.pk, group, now)
    if page:
        return render(request, "groups/member.html", {"page": page})
    if awaits_access(request.user.pk, group, now):
        return redirect("my-meetings")
    led = find_led_of_group(request.user.pk, group.pk, now)
    if led is not None:
        return redirect("substitution", led.pk)
    if staff_may(request.user, *SETTINGS):
        return redirect("admin:cohorts_group_change", group.pk)
    raise _not_found()


# -- attendance ----------------------------------------------------------------------------------


@signed_in
@require_POST
def correct(request: SignedInRequest, group_id: int, meeting_id: int, user_id: int) -> HttpResponse:
    """Correct whether a person was there."""
    presence, reason = request.POST.get("presence", ""), request.POST.get("reason", "")

    def write(by: int, now: datetime) -> None:
        correct_presence(meeting_id, user_id, presence=presence, by=by, now=now, reason=reason)

    return _change_attendance(request, group_id, meeting_id, write, corrected=user_id)


@signed_in
@require_POST
def answer_held(request: SignedInRequest, group_id: int, meeting_id: int) -> HttpResponse:
    """Record whether a meeting at which almost no one was seen was held."""
    said = request.POST.get("answer", "")

    def write(by: int, now: datetime) -> None:
        answer_was_held(meeting_id, answer=said, by=by, now=now)

    return _change_attendance(request, group_id, meeting_id, write)


def _change_attendance(
    request: SignedInRequest,
    group_id: int,
    meeting_id: int,
    write: Callable[[int, datetime], object],
    **shown: Any,
) -> HttpResponse:
    """Change it if the person may. htmx gets only the one meeting's fragment back."""
    now = clock.now()
    may_correct, may_move = may_each(request.user, (CORRECT, MOVE), group_id)
    led = None if may_correct else find_led(request.user.pk, meeting_id, now)
    meetings = Meeting.objects.select_related("group__cohort", "was_held_by")
    if not (may_correct or led) or not meetings.filter(pk=meeting_id, group=group_id).exists():
        raise Http404("There is no such meeting among yours.")
    in_place = bool(request.htmx) and not request.htmx.boosted  # type: ignore[attr-defined]
    with shown_refusals(request):
        write(request.user.pk, now)
        if in_place and (led or may_see_group(request.user, group_id)):
            context = {
                "row": read_meeting_row(meetings.get(pk=meeting_id), now),
                "may_correct": True,
                "may_move": may_move,
                "is_staff_page": staff_may(request.user, *SEE_GROUP),
                **shown,
            }
            return render(request, "groups/_meeting.html", context)
    page = reverse("substitution", args=[led.pk]) if led else None
    anchor = meetings.get(pk=meeting_id).anchor
    back = f"{page or find_return_url(request.user, group_id)}#{anchor}"
    return HttpResponseClientRedirect(back) if in_place else HttpResponseRedirect(back)


def find_return_url(user: User, group_id: int) -> str:
    """Return the group's page, or the list for staff who may change meetings but not see groups."""
    if may_see_group(user, group_id):
        return reverse("group", args=[group_id])
    return reverse("my-groups")


def _not_found() -> Http404:
    return Http404("There is no such group among yours.")
