"""`/groups/`: a facilitator's own groups, and who comes to each meeting."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from cohorts import clock
from cohorts.models import Group
from guestvisits.register import read_group_page, read_groups
from guestvisits.views.access import SignedInRequest, signed_in
from meetings.selectors import facilitates


@signed_in
@require_GET
def my_groups(request: SignedInRequest) -> HttpResponse:
    rows = read_groups(request.user.pk, clock.now())
    return render(request, "groups/index.html", {"rows": rows})


@signed_in
@require_GET
def group(request: SignedInRequest, group_id: int) -> HttpResponse:
    """For the group's facilitators and for staff; for anybody else there is no such group."""
    if not (request.user.is_staff or facilitates(request.user, group_id)):
        raise Http404("There is no such group among yours.")
    found = Group.objects.select_related("cohort__course").filter(pk=group_id).first()
    if found is None:
        raise Http404("There is no such group among yours.")
    return render(request, "groups/group.html", {"page": read_group_page(found, clock.now())})
