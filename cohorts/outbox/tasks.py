"""Tasks that django-q2 runs on a schedule or when a message is created."""

from cohorts import clock
from cohorts.outbox import rerouting, services
from cohorts.outbox.collecting import collect
from cohorts.outbox.email import account_emails, rounds
from cohorts.outbox.health import alarms
from cohorts.outbox.nudges import nudge_email


def collect_all() -> None:
    """Create new messages, and close those that are too late or no longer true.  Every minute."""
    now = clock.now()
    services.expire_late(now)
    collect(None, now=now)
    rerouting.reroute_pending(now)
    services.drop_obsolete(now)


def send_emails() -> None:
    """Send e-mails about accounts, then one round of e-mails.  Every minute, and for each new
    e-mail."""
    account_emails.send_account_emails(clock.now())
    if rounds.send_round():
        nudge_email()


def watch_channels() -> None:
    """Report to staff, once, when messages are not sent.  Every minute."""
    alarms.raise_alarms(clock.now())


def forget_old() -> None:
    """Delete old messages.  Every hour."""
    services.delete_old(clock.now())
