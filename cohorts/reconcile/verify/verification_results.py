"""Store and read what `verify_services` found out."""

from datetime import datetime

from django.db.models import QuerySet

from cohorts.reconcile.models import VerificationResult
from cohorts.reconcile.verify.experiments import Answers, Judgement, Probe, ProbeVerdict


def store_result(
    provider: str,
    scope: str,
    probe: Probe,
    judgement: Judgement,
    *,
    now: datetime,
    data: Answers | None = None,
) -> None:
    """Store a result. One that was not tried replaces none that was."""
    results = VerificationResult.objects.filter(provider=provider, scope=scope, name=probe.name)
    is_kept = judgement.verdict == ProbeVerdict.NOT_TRIED
    if is_kept and results.exclude(verdict=ProbeVerdict.NOT_TRIED).exists():
        return
    VerificationResult.objects.update_or_create(
        provider=provider,
        scope=scope,
        name=probe.name,
        defaults={
            "assumption": probe.assumption,
            "verdict": judgement.verdict,
            "value": judgement.value[:100],
            "detail": judgement.detail[:500],
            "data": dict(data or {}),
            "at": now,
        },
    )


def read_results(provider: str, scope: str) -> QuerySet[VerificationResult]:
    return VerificationResult.objects.filter(provider=provider, scope=scope)


def find_value(provider: str, scope: str, name: str) -> str:
    """Return what a probe found there, or "" if it was never tried. One query."""
    values = read_results(provider, scope).filter(name=name).values_list("value", flat=True)
    return values.first() or ""
