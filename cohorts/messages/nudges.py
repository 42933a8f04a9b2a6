"""Waking a worker that sends e-mail.  A nudge makes it fast; the minute's task makes it certain."""

from __future__ import annotations

from django_q.tasks import async_task


def nudge_email() -> None:
    """Queue one round of sending.  Inside a transaction it is rolled back with it."""
    async_task("cohorts.messages.tasks.send_emails", group="outbox-email")
