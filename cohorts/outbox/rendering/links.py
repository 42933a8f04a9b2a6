"""URLs that messages contain."""

import re
from typing import Any

from django.conf import settings
from django.core import signing
from django.urls import reverse

SALT = "cohorts.outbox.unsubscribe"


def page_url(name: str, *args: Any) -> str:
    """Return the URL of a page for people who are not on the site, as in a message."""
    return f"{settings.SITE_URL}{reverse(name, args=args)}"


def unsubscribe_url(user_id: int) -> str:
    """Return a URL that works without signing in, and only ends this person's e-mails."""
    return page_url("unsubscribe", signing.Signer(salt=SALT).sign(str(user_id)))


def hide_unsubscribe_links(text: str) -> str:
    """Return a message's text for others than its reader: whoever has the link can use it."""
    return re.sub(r"/unsubscribe/[^/\s\"<]+/", "/unsubscribe/…/", text)


def read_unsubscribe_token(token: str) -> int:
    """Return the person's id.  Raises django.core.signing.BadSignature."""
    return int(signing.Signer(salt=SALT).unsign(token))
