"""What django-q2 calls, by the clock and when something new is owed."""

from __future__ import annotations

from cohorts import clock
from cohorts.messages import account_letters, alarms, email, services, ways
from cohorts.messages.nudges import nudge_email


def collect_all() -> None:
    """Every minute: write what became owed, close what is too late or no longer true."""
    now = clock.now()
    services.expire_late(now)
    services.collect(None, now=now)
    ways.settle_ways(now)
    services.weed_out(now)


def send_emails() -> None:
    """Every minute, and when an e-mail becomes owed: letters about accounts, then one round."""
    account_letters.send_account_letters(clock.now())
    if email.send_round():
        nudge_email()


def watch_channels() -> None:
    """Every minute: staff are told, once, of what does not go out."""
    alarms.raise_alarms(clock.now())


def forget_old() -> None:
    """Every hour: away with messages that nobody asks about any more."""
    services.forget_old(clock.now())
