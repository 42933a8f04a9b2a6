"""The page of one person.  Each part is shown to staff who may read it."""

from functools import cache
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from cohorts import clock
from cohorts.activity.registry import SEE_ACTIVITY
from cohorts.admin_base.base import admin_page
from cohorts.admin_base.links import SEE_COHORT
from cohorts.models import User
from cohorts.reconcile.selectors import read_context
from cohorts.reconcile.status_text import Level, SyncStatus
from cohorts.web.access import require, staff_may
from guestvisits.selectors import list_visits
from lens.desk.person_page import group_access, sections
from lens.view_as.viewing import may_view_as
from meetings.access import SEE_GROUP, SEE_PEOPLE

SEE_PERSON = ("cohorts.view_user",)
SEE_MEMBERSHIPS = ("cohorts.view_membership", "cohorts.view_group")
SEE_ACCESS = (*SEE_MEMBERSHIPS, "cohorts.view_accessstate")
SEE_VISITS = ("guestvisits.view_guestvisit",)
SEE_MESSAGES = ("outbox.view_message",)

# What the page's buttons and links need, by the names that the templates use.
ACTS = {
    "move": ("cohorts.change_membership",),
    "add": ("cohorts.add_membership", "cohorts.add_user"),
    "book": ("guestvisits.add_guestvisit",),
    "cancel_visit": ("guestvisits.change_guestvisit",),
    "except": ("cohorts.add_accessexception",),
    "remind": ("cohorts.change_group",),
    "see_activity": SEE_ACTIVITY,
    "open_group": SEE_GROUP,
    "open_cohort": SEE_COHORT,
}


@require_safe
def person_view(request: HttpRequest, pk: int) -> HttpResponse:
    viewer = require(request, *SEE_PERSON)
    person = get_object_or_404(User.objects.select_related("guild_membership"), pk=pk)
    return admin_page(
        request,
        "admin/desk/person/person.html",
        str(person),
        person=person,
        may={
            "view_as": may_view_as(viewer, person),
            **{name: staff_may(viewer, *needed) for name, needed in ACTS.items()},
        },
        is_rejected=sections.is_rejected(person, clock.now()),
        former=list(person.former_addresses.order_by("-until")),
        **_read_parts(viewer, person),
    )


def _read_parts(viewer: User, person: User) -> dict[str, Any]:
    """Return the parts that the viewer may read, by name; the others are missing."""
    now = clock.now()
    parts: dict[str, Any] = {"now": now}
    memberships = cache(lambda: sections.read_memberships(person))
    visits = cache(lambda: list_visits(person.pk, now))
    if staff_may(viewer, *SEE_MEMBERSHIPS):
        zones = (person.timezone, viewer.timezone)
        parts["memberships"] = sections.show_memberships(memberships(), zones, now)
    if staff_may(viewer, *SEE_ACCESS):
        context, reports = read_context(now), group_access.read_reports(person)
        state = context.states.get("discord")
        grounds = group_access.find_grounds(person, memberships(), visits(), now)
        parts["groups"] = group_access.read_group_access(person, grounds, reports, context)
        parts["has_reasons"] = group_access.has_reasons(parts["groups"])
        parts["discord"] = sections.describe_discord(person, reports, state, now)
        parts["left_at"] = sections.left_server_at(person)
        parts["check_now"] = SyncStatus(Level.FINE, "", remedy="check_now")
    if staff_may(viewer, *SEE_PEOPLE):
        parts["meetings"] = sections.read_next_meetings(person, visits(), now)
    if staff_may(viewer, *SEE_VISITS):
        parts["visits"] = sections.show_visits(visits())
    if staff_may(viewer, *SEE_MESSAGES):
        parts["messages_sent"] = sections.read_messages(person)
    return parts
