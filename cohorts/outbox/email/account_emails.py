"""Send e-mails about accounts: password links, and warnings about changed accounts.

They are not messages of the outbox.  A password link opens an account, so it is created when the
e-mail is sent, is stored nowhere, and is never shown to staff.  It is sent even while other
messages are held: someone who cannot sign in cannot end the hold.  A warning waits until the hold
ends, because the original of a copied database may already have sent it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
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
from cohorts.outbox.email.mailserver import MailError, MailFailure, MailServer
from cohorts.outbox.health import parts
from cohorts.outbox.holds import why_held

logger = logging.getLogger(__name__)

Kind = AccountEmail.Kind
SUBJECTS = {
    Kind.PASSWORD_RESET: "Set your password",
    Kind.ADDRESS_CHANGED: "Your e-mail address was changed",
    Kind.DISCORD_CHANGED: "Your Discord account was changed",
}
KEPT_FOR = {  # older letters are deleted unsent
    Kind.PASSWORD_RESET: timedelta(hours=1),
    Kind.ADDRESS_CHANGED: timedelta(days=7),
    Kind.DISCORD_CHANGED: timedelta(days=7),
}
CLAIM = timedelta(minutes=5)  # far longer than sending takes; also the delay after a failure
BATCH = 100  # letters per round


def send_account_emails(now: datetime) -> None:
    """Send the letters that are due.  Several rounds may run concurrently."""
    _delete_late(now)
    due = AccountEmail.objects.filter(next_try_at__lte=now)
    if why_held(now):
        due = due.filter(kind=Kind.PASSWORD_RESET)
    with MailServer() as server:
        for letter in due[:BATCH]:
            if _claim(letter, now) and not _send(letter, server, now):
                return


def _delete_late(now: datetime) -> None:
    for kind, time in KEPT_FOR.items():
        AccountEmail.objects.filter(kind=kind, requested_at__lte=now - time).delete()


def _claim(letter: AccountEmail, now: datetime) -> bool:
    """Reserve a letter for this round; if it is not sent, it is due again after CLAIM."""
    waiting = AccountEmail.objects.filter(pk=letter.pk, next_try_at=letter.next_try_at)
    return bool(waiting.update(next_try_at=now + CLAIM))


def _send(letter: AccountEmail, server: MailServer, now: datetime) -> bool:
    """Send one letter and delete it; return False if the mail server accepts no letters at all."""
    try:
        for mail in _compose(letter):
            server.prepare()
            server.send(mail)
            parts.record_success(parts.EMAIL)
    except MailError as error:
        if error.verdict is MailFailure.NOT_NOW:
            return True
        if error.verdict is not MailFailure.NEVER:
            parts.record_failure(parts.EMAIL, error.why, now=now)
            return False
        logger.warning("The mail server rejects an e-mail about an account: %s", letter.kind)
    letter.delete()
    return True


def _compose(letter: AccountEmail) -> Iterator[EmailMessage]:
    """Yield the e-mail; none if no active person has the address that asked for a link."""
    if letter.kind != Kind.PASSWORD_RESET:
        yield _build_email(letter, letter.address)
        return
    for person in User.objects.filter(email=letter.address, is_active=True):
        yield _build_email(letter, str(person.email), person=person, link=_password_link(person))


def _password_link(person: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    return f"{settings.SITE_URL}{reverse('password_reset_confirm', args=[uid, token])}"


def _build_email(letter: AccountEmail, to: str, **context: object) -> EmailMessage:
    template = f"account_letters/{letter.kind}.txt"
    return EmailMessage(
        subject=SUBJECTS[Kind(letter.kind)],
        body=render_to_string(template, {"site_url": settings.SITE_URL, **context}),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={
            "Message-ID": make_msgid(domain=sender_domain()),
            "Auto-Submitted": "auto-generated",
        },
    )
