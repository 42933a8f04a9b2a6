"""`/metrics`, for those who know METRICS_TOKEN."""

import hmac

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder

from lens.metrics.series import DatabaseCollector
from lens.metrics.silent_faults import log_missing_worker


@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Return all series. 404 without the right token, as where METRICS_TOKEN is not set."""
    expected = f"Bearer {settings.METRICS_TOKEN}"
    given = request.headers.get("Authorization", "")
    if not settings.METRICS_TOKEN or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Http404
    registry = CollectorRegistry(auto_describe=False)
    registry.register(DatabaseCollector())
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        log_missing_worker()
        return HttpResponse(encode(registry), content_type=content_type)
    except (OperationalError, InterfaceError):
        return HttpResponse("The database is unavailable.\n", status=503, content_type="text/plain")
