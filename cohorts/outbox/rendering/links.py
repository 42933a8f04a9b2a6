"""URLs that messages contain."""

import re

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "cohorts.outbox.unsubscribe"


def unsubscribe_url(user_id: int) -> str:
    """Return a URL that works without signing in, and only ends this person's e-mails."""
    token = signing.Signer(salt=SALT).sign(str(user_id))
    return f"{settings.SITE_URL}{reverse('unsubscribe', args=[token])}"


def hide_unsubscribe_links(text: str) -> str:
    """Return a message's text for others than its reader: whoever has the link can use it."""
    return re.sub(r"/unsubscribe/[^/\s\"<]+/", "/unsubscribe/…/", text)


def preferences_url() -> str:
    """Return the URL of the page for message preferences."""
    return f"{settings.SITE_URL}{reverse('choose-messages')}"


def read_unsubscribe_token(token: str) -> int:
    """Return the person's id.  Raises django.core.signing.BadSignature."""
    return int(signing.Signer(salt=SALT).unsign(token))
