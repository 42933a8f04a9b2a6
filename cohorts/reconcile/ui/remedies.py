"""The buttons that resolve issues. Each only stores a request; pressing it twice is safe."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from cohorts import clock
from cohorts.admin_base.links import next_page
from cohorts.models import Cohort, Group
from cohorts.reconcile import services
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.selectors import groups_with_held_removals, live_groups
from cohorts.reconcile.ui.plan_pages import person_of, start_plan
from cohorts.reconcile.ui.staff import View, staff_page
from cohorts.reconcile.values import ProviderSpec
from cohorts.words import count

# -- one group in one provider ---------------------------------------------------------------------


@staff_page
@require_POST
def check_now(request: HttpRequest, pk: int, provider: str) -> HttpResponse:
    group, found = _find(pk, provider)
    services.request_sync([group.pk], providers=[found.name])
    services.end_wait(found.name)
    messages.success(request, f"{group} will be checked in {found.title} shortly.")
    return _back(request, group)


@staff_page
@require_POST
def recreate(request: HttpRequest, pk: int, provider: str) -> HttpResponse:
    """Request that missing objects be recreated, if any are still missing."""
    group, found = _find(pk, provider)
    row = GroupSync.objects.filter(group=group, provider=provider).first()
    if row is None or find_issue(row.issue).remedy != "recreate":
        messages.info(request, f"Nothing is missing for {group} in {found.title}.")
    else:
        services.recreate([pk], provider, by=person_of(request), now=clock.now())
        messages.success(
            request, f"The missing parts of {group} in {found.title} will be recreated."
        )
    return _back(request, group)


@staff_page
@require_POST
def realize_group(request: HttpRequest, pk: int, provider: str) -> HttpResponse:
    """Show what realizing this group would do. A plan covers every provider."""
    group, _ = _find(pk, provider)
    ids = [] if group.has_ended else [group.pk]
    return start_plan(request, ids, as_if_requested=True, back=_address(request, group))


@staff_page
@require_POST
def show_removals(request: HttpRequest, pk: int, provider: str) -> HttpResponse:
    """Show the names of everyone whose removal this provider holds."""
    group, _ = _find(pk, provider)
    ids = groups_with_held_removals(provider) or [group.pk]
    return start_plan(request, ids, as_if_requested=False, back=_address(request, group))


@staff_page
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """Withdraw a cohort's realize request."""
    cohort = get_object_or_404(Cohort, pk=pk)
    ids = live_groups([pk]).values_list("pk", flat=True)
    number = services.withdraw_request(ids)
    said = (
        f"Withdrew the realize request for {count(number, 'group')} of {cohort}. What was already "
        "created stays."
    )
    messages.success(request, said if number else "There was no open realize request.")
    return redirect("sync:progress", pk)


# -- a whole provider ------------------------------------------------------------------------------


@staff_page
@require_POST
def pause(request: HttpRequest, provider: str) -> HttpResponse:
    found = _find_provider(provider)
    services.pause(provider, by=person_of(request), now=clock.now())
    messages.success(request, f"{found.title} is paused. It reads, but changes nothing.")
    return _back(request)


@staff_page
@require_POST
def resume(request: HttpRequest, provider: str) -> HttpResponse:
    found = _find_provider(provider)
    services.resume(provider)
    messages.success(request, f"{found.title} resumed. Every group is being checked.")
    return _back(request)


# -- redirects -------------------------------------------------------------------------------------


def _find(pk: int, provider: str) -> tuple[Group, ProviderSpec]:
    return get_object_or_404(Group, pk=pk), _find_provider(provider)


def _find_provider(name: str) -> ProviderSpec:
    if name not in provider_specs():
        raise Http404("There is no such integration.")
    return provider_specs()[name]


def _back(request: HttpRequest, group: Group | None = None) -> HttpResponse:
    return redirect(_address(request, group))


def _address(request: HttpRequest, group: Group | None = None) -> str:
    """Return the page of the button."""
    if group is None:
        return next_page(request, reverse("admin:operations"))
    return next_page(request, reverse("sync:progress", args=[group.cohort_id]))


# The views by the `remedy` of an issue.
REMEDIES: dict[str, View] = {
    "check_now": check_now,
    "recreate": recreate,
    "realize": realize_group,
    "show_removals": show_removals,
}
