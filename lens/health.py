"""`/healthz`: whether the web lives, and with `?ready` whether everything it needs is there."""

from __future__ import annotations

import logging

from django.db import DatabaseError, InterfaceError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cohorts.sync.heartbeats import is_worker_alive

logger = logging.getLogger(__name__)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process answers.  With `?ready`: 503 and what is missing, until nothing is.

    Without `?ready` it touches nothing else: a database that is down is no reason to restart the
    web.  The answers are for anybody to read, so they hold no names, versions or errors.
    """
    if "ready" not in request.GET:
        return JsonResponse({"status": "alive"})
    missing = find_missing()
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ready"})


def find_missing() -> str:
    """A sentence on the first thing that is missing, "" when nothing is."""
    try:
        if has_pending_migrations():
            return "The database is not migrated: run manage.py migrate."
        if not is_worker_alive():
            return "No worker was heard for 90 seconds: start manage.py worker."
    except (DatabaseError, InterfaceError):
        logger.exception("The database cannot be used")
        return "The database cannot be used; the web's log says why."
    return ""


def has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
