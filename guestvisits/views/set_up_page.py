"""`/meetings/set-up/`: a person's set-up status."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from cohorts.admin_base.base import admin_page
from cohorts.models import User
from cohorts.web.access import require
from guestvisits.set_up_status import read_set_up
from guestvisits.views.signed_in import SignedInRequest, signed_in


@signed_in
@require_GET
def my_set_up(request: SignedInRequest) -> HttpResponse:
    context = {"set_up": read_set_up(request.user), "frame": "base.html"}
    return render(request, "meetings/set_up.html", context)


@signed_in
@require_GET
def set_up_of(request: SignedInRequest, person_id: int) -> HttpResponse:
    """Show staff the page as the person sees it."""
    require(request, "cohorts.view_user")
    person = get_object_or_404(User, pk=person_id)
    return admin_page(
        request,
        "meetings/set_up.html",
        "Set-up",
        frame="groups/staff_frame.html",
        set_up=read_set_up(person),
        person=person,
    ).render()
