"""Tasks that django-q2 runs on a schedule or when a message is created."""

from __future__ import annotations

from cohorts import clock
from cohorts.messages import account_letters, alarms, email, services, ways
from cohorts.messages.nudges import nudge_email


def collect_all() -> None:
    """Create new messages, and close those that are too late or no longer true.  Every minute."""
    now = clock.now()
    services.expire_late(now)
    services.collect(None, now=now)
    ways.settle_ways(now)
    services.weed_out(now)


def send_emails() -> None:
    """Send letters about accounts, then one round of e-mails.  Every minute, and for each new
    e-mail."""
    account_letters.send_account_letters(clock.now())
    if email.send_round():
        nudge_email()


def watch_channels() -> None:
    """Report to staff, once, when messages are not sent.  Every minute."""
    alarms.raise_alarms(clock.now())


def forget_old() -> None:
    """Delete old messages.  Every hour."""
    services.forget_old(clock.now())
