"""The series of the reconciler and its providers. A constant number of queries."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.db.models import Count, F, Min, Q
from prometheus_client.core import HistogramMetricFamily, Metric

from cohorts.models import live_group
from cohorts.reconcile.errors import BUG, DONE, RESULTS
from cohorts.reconcile.issues import ISSUES
from cohorts.reconcile.models import (
    GroupSync,
    ProviderState,
    RealizeRequest,
    due_syncs,
    is_out_of_sync,
)
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.runs import totals
from cohorts.reconcile.runs.issue_log import find_logged_codes
from lens.metrics.families import counter, gauge

NEVER = float("inf")
Found = Mapping[str, Mapping[str, float]]
BY_PROVIDER, BY_RESULT, BY_CODE = ["provider"], ["provider", "result"], ["provider", "code"]


def read_work(_now: datetime) -> Iterator[Metric]:
    """Yield what the reconciler did since the installation began, and what is being set up. Two
    queries."""
    found = totals.read_totals()
    yield counter("runs", "Runs of the reconciler.", BY_RESULT, _by_result(found, "runs"))
    yield counter("run_seconds", "Time of runs.", BY_PROVIDER, _by_provider(found, "run_seconds"))
    yield counter(
        "calls", "Calls that change something outside.", BY_RESULT, _by_result(found, "calls")
    )
    yield counter(
        "rate_limit_waits",
        "How often the service asked to wait.",
        BY_PROVIDER,
        _by_provider(found, "waits"),
    )
    yield counter(
        "rate_limit_wait_seconds",
        "How long the service asked to wait.",
        BY_PROVIDER,
        _by_provider(found, "wait_seconds"),
    )
    yield gauge(
        "realizes_open",
        "Realize requests that are being carried out.",
        (),
        [((), RealizeRequest.objects.filter(ended_at=None).count())],
    )
    yield _change_to_effect(found)
    sign_ins = found.get("sign_ins", {})
    rows = (((result,), sign_ins.get(f"result={result}", 0)) for result in (DONE, "refused"))
    yield counter("sign_ins", "Sign-ins.", ["result"], rows)


def _by_provider(found: Found, name: str) -> Iterator[tuple[tuple[str], float]]:
    for provider in configured_providers():
        yield (provider,), found.get(name, {}).get(f"provider={provider}", 0)


def _by_result(found: Found, name: str) -> Iterator[tuple[tuple[str, str], float]]:
    for provider in configured_providers():
        for result in (DONE, *RESULTS.values(), BUG):
            labels = f"provider={provider},result={result}"
            yield (provider, result), found.get(name, {}).get(labels, 0)


def _change_to_effect(found: Found) -> Metric:
    family = HistogramMetricFamily(
        "lens_change_to_effect_seconds",
        "From a change until its group is in sync again.",
        labels=BY_PROVIDER,
    )
    counts, seconds = found.get("effects", {}), found.get("effect_seconds", {})
    for provider in configured_providers():
        below, buckets = 0.0, []
        for limit in (*map(str, totals.LIMITS), totals.MORE):
            below += counts.get(f"provider={provider},within={limit}", 0)
            buckets.append(("+Inf" if limit == totals.MORE else limit, below))
        family.add_metric([provider], buckets, seconds.get(f"provider={provider}", 0))
    return family


def read_groups(now: datetime) -> Iterator[Metric]:
    """Yield how many groups are in sync, and since when one is due. Three queries."""
    counted = {
        provider: counts
        for provider, *counts in GroupSync.objects.filter(live_group("group__"))
        .order_by()
        .values_list("provider")
        .annotate(
            inside=Count("pk", filter=~is_out_of_sync()),
            outside=Count("pk", filter=is_out_of_sync()),
            unhealthy=Count("pk", filter=~Q(issue="")),
            needs_person=Count("pk", filter=Q(issue__in=find_logged_codes()[0])),
        )
    }
    none = (0, 0, 0, 0)
    conditions = ("in_sync", "out_of_sync", "unhealthy", "needs_person")
    yield gauge(
        "groups",
        "Groups that have not ended.",
        ["provider", "condition"],
        (
            ((provider, condition), count)
            for provider in configured_providers()
            for condition, count in zip(conditions, counted.get(provider, none), strict=True)
        ),
    )
    with_issues = GroupSync.objects.exclude(issue="").order_by().values_list("provider", "issue")
    issues = {(p, code): count for p, code, count in with_issues.annotate(Count("pk"))}
    rows = ((pair, issues.get(pair, 0)) for pair in _provider_codes())
    yield gauge("group_issues", "Groups by issue.", BY_CODE, rows)
    yield gauge(
        "oldest_due_group_seconds",
        "How long a group has been due and not compared.",
        BY_PROVIDER,
        _oldest_due(now),
    )


def _provider_codes() -> Iterator[tuple[str, str]]:
    for provider, spec in configured_providers().items():
        for code in sorted({*ISSUES, *spec.issues}):
            yield provider, str(code)


def _oldest_due(now: datetime) -> Iterator[tuple[tuple[str], float]]:
    rows = GroupSync.objects.filter(due_syncs(now)).order_by().values_list("provider")
    changed, timed = Q(generation__gt=F("observed_generation")), Q(next_at__lte=now)
    found = {
        provider: min(moment for moment in moments if moment)
        for provider, *moments in rows.annotate(
            changed=Min("sync_since", filter=changed), timed=Min("next_at", filter=timed)
        )
    }
    for provider in configured_providers():
        yield (provider,), (now - found.get(provider, now)).total_seconds()


def read_providers(now: datetime) -> Iterator[Metric]:
    """Yield whether each service can be reached. One query."""
    found = {state.provider: state for state in ProviderState.objects.all()}
    states = {name: found.get(name) or ProviderState() for name in configured_providers()}
    yield gauge(
        "last_observation_age_seconds",
        "Since the service was last read.",
        BY_PROVIDER,
        (
            ((name,), (now - state.last_seen_at).total_seconds() if state.last_seen_at else NEVER)
            for name, state in states.items()
        ),
    )
    healthy = (((name,), float(not state.issue)) for name, state in states.items())
    yield gauge("provider_healthy", "0 while the service has an issue.", BY_PROVIDER, healthy)
    codes = (((name, code), float(states[name].issue == code)) for name, code in _provider_codes())
    yield gauge("provider_issue", "1 for the issue of the service as a whole.", BY_CODE, codes)
