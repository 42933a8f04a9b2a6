"""Queue a round of e-mails at once.  The task that runs every minute sends what a nudge misses."""

from __future__ import annotations

from django_q.tasks import async_task


def nudge_email() -> None:
    """Queue one round of sending.  Within a transaction it is rolled back with it."""
    async_task("cohorts.outbox.tasks.send_emails", group="outbox-email")
