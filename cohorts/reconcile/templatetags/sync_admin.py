"""Template tags that several of the staff's pages use."""

import math
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import template
from django.urls import reverse
from django.utils import timezone
from django.utils.timesince import timesince

from cohorts import clock
from cohorts.models import AccessState, Group, Membership
from cohorts.outbox.health.alarms import find_alarms
from cohorts.outbox.models import Message
from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.ownership import find_question
from cohorts.reconcile.selectors import (
    GroupInProvider,
    describe_groups,
    find_out_of_sync,
    read_context,
    read_providers,
)
from cohorts.reconcile.status_text import Level, SyncStatus
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.reconcile.workers.health_checks import run_health_checks
from cohorts.steps.failing import list_failing
from cohorts.web.access import staff_may

register = template.Library()


@register.filter
def ago(moment: datetime) -> str:
    """Return how long ago a moment of real time was, to the second below 10 minutes."""
    return f"{spent(timezone.now() - moment)} ago"


@register.filter
def spent(time: timedelta) -> str:
    """ "12 s", "3 min 5 s", "2 hours, 3 minutes"."""
    seconds = max(math.ceil(time.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 600:
        return f"{seconds // 60} min {seconds % 60} s"
    return timesince(timezone.now() - time)


SEE_ACCESS = ("cohorts.view_membership", "cohorts.view_accessstate")
SHOWN = 12  # groups out of sync on the start page

# The label of each remedy's button.
LABELS = {
    "check_now": "Check now",
    "recreate": "Recreate",
    "realize": "Realize",
    "show_removals": "Show names",
    "resume": "Resume",
    "decide": "Decide",
}


@register.inclusion_tag("admin/sync/parts/status.html", takes_context=True)
def sync_status(context: template.Context) -> dict[str, Any]:
    """Return the start page's block: providers, workers, the outbox, groups out of sync."""
    request = context["request"]
    if not request.user.has_perm(PERMISSION):
        return {"allowed": False}
    now = clock.now()
    shared = read_context(now)
    shown, total = find_out_of_sync(SHOWN)
    return {
        "allowed": True,
        "request": request,
        "csrf_token": context.get("csrf_token"),
        "now": now,
        "providers": read_providers(shared),
        "health_checks": run_health_checks(),
        "is_worker_alive": shared.is_worker_alive,
        "workers": WorkerHeartbeat.objects.order_by("-last_seen_at")[:10],
        "alarms": find_alarms(now),
        "failing_steps": [
            replace(one, url=one.url if staff_may(request.user, *one.permissions) else "")
            for one in list_failing()
        ],
        "question": find_question(),
        "unsure": Message.objects.filter(state=Message.State.UNSURE).count(),
        "out_of_sync": shown,
        "more": total - len(shown),
    }


@register.inclusion_tag("admin/sync/parts/remedy.html", takes_context=True)
def remedy_button(
    context: template.Context, status: SyncStatus, group: Group, provider: str
) -> dict[str, Any]:
    """Return the button that resolves a group's issue in a provider.

    Nothing if there is none, or for staff who may not press it.
    """
    if not context["request"].user.has_perm(PERMISSION):
        return {"label": ""}
    return {
        "csrf_token": context.get("csrf_token"),
        "label": LABELS.get(status.remedy),
        "is_link": status.remedy == "decide",
        "address": _address(status.remedy, group, provider),
        "next": context["request"].get_full_path(),
        "about": f"{group}, {provider}",
    }


def _address(remedy: str, group: Group, provider: str) -> str:
    match remedy:
        case "decide":
            return reverse("sync:decide")
        case "resume":
            return reverse("sync:resume", args=[provider])
        case "":
            return ""
        case _:
            return reverse(f"sync:{remedy}", args=[group.pk, provider])


@register.inclusion_tag("admin/sync/parts/group.html", takes_context=True)
def group_state(
    context: template.Context, group: Group, members: Iterable[Membership]
) -> dict[str, Any]:
    """Return a group's status in each provider, and its people with their access.

    `members` are its memberships with their people. People are left out for staff who may not view
    memberships.
    """
    user = context["request"].user
    now = clock.now()
    (view,) = describe_groups([group], read_context(now))
    return {
        "request": context["request"],
        "csrf_token": context.get("csrf_token"),
        "group": group,
        "view": view,
        "now": now,
        "providers": [place.provider for place in view.places],
        "people": _people(group, members, view.places) if staff_may(user, *SEE_ACCESS) else None,
        "may_view_people": staff_may(user, "cohorts.view_user"),
        "may_view_actions": user.has_perm(PERMISSION),
        "check_now": SyncStatus(Level.FINE, "", remedy="check_now"),
    }


def _people(
    group: Group, members: Iterable[Membership], places: tuple[GroupInProvider, ...]
) -> list[dict[str, Any]]:
    """List active members first, then others with access states (guests, exceptions, former)."""
    states = {
        (state.user_id, state.provider): state
        for state in group.access_states.select_related("user")
    }
    active = (one for one in members if one.status == Membership.Status.ACTIVE)
    rows = {one.user: one.get_role_display() for one in active}
    for state in states.values():
        if state.state != AccessState.State.ENDED:
            rows.setdefault(state.user, "guest or exception")
    return [
        {
            "person": person,
            "role": role,
            "access": [
                (place.provider, states.get((person.pk, place.provider.name))) for place in places
            ],
        }
        for person, role in rows.items()
    ]
