"""Sending letters about accounts: links to set a password, and warnings of changes.

They are no messages of the outbox.  A link opens an account, so it is made when the letter is sent
and is kept nowhere, and staff never see it.  A person who cannot sign in cannot answer the question
that holds all other messages, so a link is sent whatever holds them.  A warning waits as they do:
it is due to a person who may have got it from the original of a copied database.
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

from cohorts.messages import parts
from cohorts.messages.holds import why_held
from cohorts.messages.letters import own_domain
from cohorts.messages.mailserver import MailFailed, MailServer, Verdict
from cohorts.models import AccountLetter, User

logger = logging.getLogger(__name__)

Kind = AccountLetter.Kind
SUBJECTS = {
    Kind.PASSWORD_RESET: "Set your password",
    Kind.ADDRESS_CHANGED: "Your e-mail address was changed",
    Kind.DISCORD_CHANGED: "Your Discord account was changed",
}
KEEP = {  # after this nobody waits for it any more
    Kind.PASSWORD_RESET: timedelta(hours=1),
    Kind.ADDRESS_CHANGED: timedelta(days=7),
    Kind.DISCORD_CHANGED: timedelta(days=7),
}
CLAIM = timedelta(minutes=5)  # far longer than one letter takes; also the wait after a failure
AT_ONCE = 100  # letters in one round


def send_account_letters(now: datetime) -> None:
    """Send what is due.  Any number of rounds may run at once."""
    _forget_late(now)
    due = AccountLetter.objects.filter(next_try_at__lte=now)
    if why_held(now):
        due = due.filter(kind=Kind.PASSWORD_RESET)
    with MailServer() as server:
        for letter in due[:AT_ONCE]:
            if _claim(letter, now) and not _send(letter, server, now):
                return


def _forget_late(now: datetime) -> None:
    for kind, time in KEEP.items():
        AccountLetter.objects.filter(kind=kind, asked_at__lte=now - time).delete()


def _claim(letter: AccountLetter, now: datetime) -> bool:
    """Take a letter for this round; one that cannot be sent is tried again afterwards."""
    waiting = AccountLetter.objects.filter(pk=letter.pk, next_try_at=letter.next_try_at)
    return bool(waiting.update(next_try_at=now + CLAIM))


def _send(letter: AccountLetter, server: MailServer, now: datetime) -> bool:
    """Send one letter and forget it; return False when the server takes nobody's letter."""
    try:
        for mail in _write(letter):
            server.prepare()
            server.send(mail)
            parts.note_success(parts.EMAIL)
    except MailFailed as error:
        if error.verdict is Verdict.NOT_NOW:
            return True
        if error.verdict is not Verdict.NEVER:
            parts.note_failure(parts.EMAIL, error.why, now=now)
            return False
        logger.warning("The mail server refuses a letter about an account: %s", letter.kind)
    letter.delete()
    return True


def _write(letter: AccountLetter) -> Iterator[EmailMessage]:
    """The e-mail; none where nobody has the address that a link was asked for."""
    if letter.kind != Kind.PASSWORD_RESET:
        yield _mail(letter, letter.address)
        return
    for person in User.objects.filter(email=letter.address, is_active=True):
        yield _mail(letter, str(person.email), person=person, link=_password_link(person))


def _password_link(person: User) -> str:
    uid = urlsafe_base64_encode(force_bytes(person.pk))
    token = default_token_generator.make_token(person)
    return f"{settings.SITE_URL}{reverse('password_reset_confirm', args=[uid, token])}"


def _mail(letter: AccountLetter, to: str, **context: object) -> EmailMessage:
    template = f"account_letters/{letter.kind}.txt"
    return EmailMessage(
        subject=SUBJECTS[Kind(letter.kind)],
        body=render_to_string(template, {"site_url": settings.SITE_URL, **context}),
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to],
        headers={"Message-ID": make_msgid(domain=own_domain()), "Auto-Submitted": "auto-generated"},
    )
