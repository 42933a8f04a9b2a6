"""A cohort's sync progress, updated while the work continues."""

from django.db.models import Count, Max, Min, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404

from cohorts import clock
from cohorts.models import Cohort
from cohorts.reconcile.models import SyncAction
from cohorts.reconcile.selectors import (
    actions_left,
    actions_of_cohort,
    describe_groups,
    find_realize_request,
    live_groups,
    read_context,
    read_providers,
)
from cohorts.reconcile.status_text import Level
from cohorts.reconcile.ui.staff import show, staff_page
from cohorts.validators import read_id

ACTIONS_SHOWN = 60
BUSY_SECONDS, IDLE_SECONDS = 2, 15  # between two polls of the page

TALLY = {
    "done": Count("pk", filter=Q(outcome=SyncAction.Outcome.DONE)),
    "failed": Count("pk", filter=Q(outcome=SyncAction.Outcome.FAILED)),
    "took": Max("at") - Min("at"),  # from the first action to the last
}


@staff_page
def progress(request: HttpRequest, pk: int) -> HttpResponse:
    """Show a cohort's groups, their issues, and the newest actions.

    `?after=` counts only the actions after this one (those of the last request). `?group=` shows
    those of one group.
    """
    cohort = get_object_or_404(Cohort.objects.select_related("course"), pk=pk)
    context = read_context(clock.now())
    views = describe_groups(live_groups([pk]), context)
    after, group_id = (read_id(request.GET.get(name, "")) for name in ("after", "group"))
    actions = actions_of_cohort(pk, after=after)
    shown = actions.filter(group=group_id) if group_id else actions
    busy = any(view.is_busy for view in views)
    return show(
        request,
        "progress",
        f"{cohort}: status",
        cohort=cohort,
        groups=sorted(views, key=lambda view: (-view.worst.level, view.group.pk)),
        total=len(views),
        ready=sum(view.worst.level <= Level.FINE for view in views),
        asked=[view for view in views if view.is_asked_for],
        lacks_request=any(v.worst.level > Level.FINE and not v.is_asked_for for v in views),
        request_made=find_realize_request([view.group.pk for view in views]),
        providers=read_providers(context),
        is_worker_alive=context.is_worker_alive,
        busy=busy,
        left=actions_left(context) if busy else None,
        tally=actions.aggregate(**TALLY),
        actions=shown[:ACTIONS_SHOWN],
        actions_total=shown.count(),
        group_id=group_id,
        address=request.get_full_path(),
        seconds=BUSY_SECONDS if busy else IDLE_SECONDS,
    )
