"""`/healthz`: liveness; with `?ready` readiness; with `?bot` readiness of the Discord bot."""

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import uuid4

from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from cohorts.reconcile.models import WorkerHeartbeat
from cohorts.reconcile.workers.heartbeats import is_worker_alive
from discordsync.bot.gateway.heartbeats import find_commands_issue, is_bot_connected
from discordsync.issues import ISSUES
from lens.metrics.silent_faults import log_missing_worker

logger = logging.getLogger(__name__)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Return 200 while this process answers. With `?ready` or `?bot`: 503 if something is missing.

    Without them nothing else is checked: if the database is down, restarting the web does not help.
    The answers are public, so they contain no names, versions or errors.
    """
    if "bot" in request.GET:
        missing = find_missing(check_bot)
    elif "ready" in request.GET:
        missing = find_missing(check_worker)
    else:
        return JsonResponse({"status": "alive"})
    if missing:
        return JsonResponse({"status": "not ready", "missing": missing}, status=503)
    return JsonResponse({"status": "ready"})


def find_missing(look: Callable[[], str]) -> str:
    """Return a sentence on the first thing that is missing, or ""."""
    try:
        if has_pending_migrations():
            return "The database has unapplied migrations: run manage.py migrate."
        return look()
    except (DatabaseError, InterfaceError):
        logger.exception("The database is unavailable")
        return "The database is unavailable. See the web log for the reason."


def check_worker() -> str:
    try:
        try_to_write()
    except DatabaseError:
        logger.exception("The database does not accept writes")
        return (
            "The database does not accept writes (is its disk full?). See the web log for the "
            "reason."
        )
    if is_worker_alive():
        return ""
    log_missing_worker()
    return "No worker has responded for 90 seconds: start manage.py worker."


def check_bot() -> str:
    """Return what is wrong with the bot, or "". Nothing else depends on the bot, so `?ready` does
    not check it."""
    if is_bot_connected():
        code = find_commands_issue()
        return f"{ISSUES[code].sentence} {ISSUES[code].fix}" if code else ""
    return "The bot has not responded for 90 seconds: start manage.py run_discord_bot."


def try_to_write() -> None:
    """Write a row and roll it back. Raises DatabaseError on a full disk or a read-only database.

    A row may still fit where one was deleted, so PostgreSQL also has to write a temporary file of
    about 0.5 MB, next to its tables.
    """
    with transaction.atomic():
        WorkerHeartbeat.objects.create(name=f"probe {uuid4()}", last_seen_at=LONG_AGO)
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET LOCAL work_mem = '64kB'")
                cursor.execute("SELECT count(*) FROM generate_series(1, 20000)")
        transaction.set_rollback(True)


def has_pending_migrations() -> bool:
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
