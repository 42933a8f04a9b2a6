"""Addresses that messages carry."""

from __future__ import annotations

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "cohorts.messages.unsubscribe"


def unsubscribe_url(user_id: int) -> str:
    """An address that needs no sign-in; whoever has it can only end this person's e-mails."""
    token = signing.Signer(salt=SALT).sign(str(user_id))
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[token])}"


def choices_url() -> str:
    """Where a person chooses which messages come which way."""
    return f"{settings.SITE_URL}{reverse('choose-messages')}"


def read_unsubscribe_token(token: str) -> int:
    """The person's id.  Raises django.core.signing.BadSignature."""
    return int(signing.Signer(salt=SALT).unsign(token))
