"""Send e-mails about accounts: password links, and warnings about changed accounts.

They are not messages of the outbox.  A password link opens an account, so it is created when the
e-mail is sent, is stored nowhere, and is never shown to staff.  It is sent even while other
messages are held: someone who cannot sign in cannot end the hold.  A warning waits until the hold
ends, because the original of a copied database may already have sent it.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from email.utils import make_msgid

from django.conf import settings
from django.contrib.auth.tokens import default_token_generator
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from cohorts.models import AccountEmail, User
from cohorts.outbox.email.composing import sender_domain
from cohorts.outbox.email.mailserver import SERVER_FAILURES, MailError, MailFailure, MailServer
from cohorts.outbox.health import parts
from cohorts.outbox.holds import why_held

logger = logging.getLogger(__name__)

Kind = AccountEmail.Kind
SUBJECTS = {
    Kind.PASSWORD_RESET: "Set your password",
    Kind.ADDRESS_CHANGED: "Your e-mail address was changed",
    Kind.DISCORD_CHANGED: "Your Discord account was changed",
}
KEPT_FOR = {  # older e-mails are deleted unsent
    Kind.PASSWORD_RESET: timedelta(hours=1),
    Kind.ADDRESS_CHANGED: timedelta(days=7),
    Kind.DISCORD_CHANGED: timedelta(days=7),
}
CLAIM = timedelta(minutes=5)  # far longer than sending takes; also the delay after a failure
BATCH = 100  # e-mails per round


def send_account_emails(now: datetime) -> None:
    """Send the e-mails that are due.  Several rounds may run concurrently."""
    _delete_late(now)
    due = AccountEmail.objects.filter(next_try_at__lte=now)
    if why_held(now):
        due = due.filter(kind=Kind.PASSWORD_RESET)
    with closing(MailServer()) as server:
        for email in due[:BATCH]:
            if _claim(email, now) and not _send(email, server, now):
                return


def _delete_late(now: datetime) -> None:
    for kind, time in KEPT_FOR.items():
        AccountEmail.objects.filter(kind=kind, requested_at__lte=now - time).delete()


def _claim(email: AccountEmail, now: datetime) -> bool:
    """Reserve an e-mail for this round; if it is not sent, it is due again after CLAIM."""
    waiting = AccountEmail.objects.filter(pk=email.pk, next_try_at=email.next_try_at)
    return bool(waiting.update(next_try_at=now + CLAIM))


def _send(email: AccountEmail, server: MailServer, now: datetime) -> bool:
    """Send one e-mail and delete it; return False if the mail server accepts no e-mails at all."""
    try:
        for mail in _compose(email):
            server.prepare()
            server.send(mail)
            parts.record_success(parts.EMAIL)
    except MailError as error:
        if error.verdict is MailFailure.NOT_NOW:
            return True
        if error.verdict in SERVER_FAILURES:
            parts.record_failure(parts.EMAIL, error.why, now=now, pause=error.pause)
            return False
        logger.warning("The mail server rejects an e-mail about an account: %s", email.kind)
    email.delete()
    return True


def _compose(email: AccountEmail) -> Iterator[EmailMessage]:
    """Yield the e-mail; none if no active person has the address that asked for a link."""
    if email.kind != Kind.PASSWORD_RESET:
        yield _build_email(email, email.address)
        return
    for person in User.objects.filter(email=email.address, is_active=True):
        yield _build_email(email, str(person.email), person=person, link=_password_link(person))


def _password_link(person: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    return f"{settings.SITE_URL}{reverse('password_reset_confirm', args=[uid, token])}"


def _build_email(email: AccountEmail, to: str, **context: object) -> EmailMessage:
    template = f"account_emails/{email.kind}.txt"
    return EmailMessage(
        subject=SUBJECTS[Kind(email.kind)],
        body=render_to_string(template, {"site_url": settings.SITE_URL, **context}),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={
            "Message-ID": make_msgid(domain=sender_domain()),
            "Auto-Submitted": "auto-generated",
        },
    )
