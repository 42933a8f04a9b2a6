"""The connection check: what is configured, and whether it answers. A worker makes the calls."""

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from cohorts import clock
from cohorts.reconcile import services
from cohorts.reconcile.models import SyncRun, VerificationResult
from cohorts.reconcile.selectors import ProviderView, read_context, read_providers
from cohorts.reconcile.ui.plan_pages import person_of
from cohorts.reconcile.ui.plan_view import ProviderPlan, read_plan
from cohorts.reconcile.ui.staff import show, staff_page


@staff_page
def check_connections(request: HttpRequest) -> HttpResponse:
    """On POST, request a check of every provider; on GET, show the newest result."""
    if request.method == "POST":
        for run in services.request_plan([], as_if_requested=False, by=person_of(request)):
            services.end_wait(run.provider)
        return redirect("sync:check")
    context = read_context(clock.now())
    providers = read_providers(context)
    newest = [(provider, _newest(provider)) for provider in providers]
    waiting = any(run and not run.ended_at for _, run in newest)
    return show(
        request,
        "check",
        "Connection check",
        checked=[(provider, run, _answer(run), _tried(provider)) for provider, run in newest],
        waiting=waiting,
        is_worker_alive=context.is_worker_alive,
        address=request.path,
        seconds=2,
    )


def _tried(provider: ProviderView) -> QuerySet[VerificationResult]:
    """Return what `verify_services` found out there."""
    spec = provider.spec
    return VerificationResult.objects.filter(provider=spec.name, scope=spec.scope)


def _newest(provider: ProviderView) -> SyncRun | None:
    """Return the newest check: a plan without groups."""
    runs = SyncRun.objects.filter(
        provider=provider.spec.name, mode=SyncRun.Mode.PLAN, group_ids=[]
    ).select_related("requested_by")
    return runs.order_by("-pk").first()


def _answer(run: SyncRun | None) -> ProviderPlan | None:
    return read_plan([run]).answers[0] if run and run.ended_at else None
