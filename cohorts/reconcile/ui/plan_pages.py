"""Plans of realizing: requested from a worker, shown when it has answered, then confirmed."""

from collections.abc import Iterable, Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from cohorts import clock
from cohorts.admin_base.links import cohort_url, cohorts_url
from cohorts.models import Cohort, Group, User, live_group
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync, SyncRun
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.selectors import (
    find_request_since,
    live_groups,
    newest_action,
    read_context,
    read_providers,
)
from cohorts.reconcile.services import approve_shown_removals
from cohorts.reconcile.ui.plan_view import read_plan
from cohorts.reconcile.ui.staff import show, staff_page
from cohorts.words import count_people


def start_plan(
    request: HttpRequest, group_ids: Sequence[int], *, as_if_requested: bool, back: str
) -> HttpResponse:
    """Request a plan of these groups and show it, or go back with a message if there is none."""
    if not group_ids:
        messages.error(request, "All of these groups have ended.")
        return redirect(back)
    runs = services.request_plan(group_ids, as_if_requested=as_if_requested, by=person_of(request))
    if not runs:
        messages.error(
            request,
            "Neither Discord nor Google Calendar is configured, so nothing can be created. Set "
            "their variables (docs/operations.md) and restart.",
        )
        return redirect(back)
    return redirect("sync:plan", [run.pk for run in runs])


def person_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # staff_page lets no one else through
    return request.user


@staff_page
@require_POST
def plan_cohort(request: HttpRequest, pk: int) -> HttpResponse:
    """Request a plan for realizing a whole cohort."""
    cohort = get_object_or_404(Cohort, pk=pk)
    ids = list(live_groups([cohort.pk]).values_list("pk", flat=True))
    back = cohort_url(person_of(request), pk)
    return start_plan(request, ids, as_if_requested=True, back=back)


@staff_page
@require_safe
def show_plan(request: HttpRequest, ids: list[int]) -> HttpResponse:
    """Show a plan: waiting for the answer, then what would be done and the question."""
    runs = _find(ids)
    context = read_context(clock.now())
    providers = read_providers(context)
    view = read_plan(runs)
    groups = _groups(runs)
    waiting = {run.provider for run in view.waiting}
    as_if_requested = runs[0].as_if_requested
    request_made = None
    if as_if_requested:
        group_ids = [group.pk for group in groups]
        person = person_of(request)
        request_made = find_request_since(runs[0].started_at, group_ids, by=person)
    return show(
        request,
        "plan",
        _title(groups, as_if_requested=as_if_requested),
        plan=view,
        cohort=groups[0].cohort if groups else None,
        back=_page_of(groups, request),
        runs=ids,
        as_if_requested=as_if_requested,
        asked_at=runs[0].started_at,
        request_made=request_made,
        may_realize=request_made is None or _can_be_requested(groups),
        providers=[provider for provider in providers if provider.spec.name in waiting],
        left_out=[provider for provider in providers if not provider.is_configured],
        is_worker_alive=context.is_worker_alive,
        seconds=2,
    )


@staff_page
@require_POST
def confirm_plan(request: HttpRequest, ids: list[int]) -> HttpResponse:
    """Request that the plan that staff have seen be carried out."""
    runs = _find(ids)
    if not all(run.as_if_requested for run in runs):
        raise Http404("This plan is not a realize plan.")
    groups = _groups(runs)
    after = newest_action()
    services.request_realize([group.pk for group in groups], by=person_of(request), now=clock.now())
    cohorts = {group.cohort_id: group.cohort for group in groups}
    if len(cohorts) == 1:
        address = reverse("sync:progress", args=[*cohorts])
        return redirect(f"{address}?after={after}")
    names = ", ".join(str(cohort) for cohort in cohorts.values())
    messages.success(request, f"Realizing {names}. Each cohort's page shows the progress.")
    return redirect("admin:cohorts_cohort_changelist")


@staff_page
@require_POST
def plan_again(request: HttpRequest, ids: list[int]) -> HttpResponse:
    """Request the same plan again, because the outside may have changed."""
    runs = _find(ids)
    groups = _groups(runs)
    group_ids = [group.pk for group in groups]
    back = _page_of(groups, request)
    return start_plan(request, group_ids, as_if_requested=runs[0].as_if_requested, back=back)


@staff_page
@require_POST
def approve_removals(request: HttpRequest, ids: list[int]) -> HttpResponse:
    """Approve that these people, and no one else, lose access: staff have seen their names."""
    number = approve_shown_removals(_find(ids), by=person_of(request), now=clock.now())
    shown = f"Removals allowed for the {count_people(number)} shown. They lose access shortly."
    messages.success(request, shown)
    return redirect("admin:operations")


def _find(ids: Iterable[int]) -> list[SyncRun]:
    runs = list(SyncRun.objects.filter(pk__in=ids, mode=SyncRun.Mode.PLAN).order_by("pk"))
    if not runs:
        raise Http404("This plan has expired. Preview again.")
    return runs


def _can_be_requested(groups: Iterable[Group]) -> bool:
    """Whether some of these groups are not ready somewhere and nobody has requested them."""
    rows = GroupSync.objects.filter(live_group("group__"), group__in=[group.pk for group in groups])
    lacking = rows.filter(ready_at__isnull=True, realize_requested_at__isnull=True)
    return lacking.filter(provider__in=configured_providers()).exists()


def _groups(runs: Iterable[SyncRun]) -> list[Group]:
    ids = {pk for run in runs for pk in run.group_ids}
    return list(Group.objects.filter(pk__in=ids).select_related("cohort").order_by("pk"))


def _page_of(groups: Iterable[Group], request: HttpRequest) -> str:
    return cohorts_url(person_of(request), {group.cohort_id for group in groups})


def _title(groups: Sequence[Group], *, as_if_requested: bool) -> str:
    names = sorted({str(group.cohort) for group in groups})
    what = " and ".join(names) if len(names) < 3 else f"{len(names)} cohorts"
    if len(groups) == 1:
        what = f"{groups[0]} of {what}"
    return f"Realize {what}?" if as_if_requested else f"Pending changes for {what}"
