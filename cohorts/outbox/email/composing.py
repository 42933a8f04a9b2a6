"""Build the e-mail of a pending message: headers and bodies."""

from datetime import datetime
from email.utils import format_datetime, parseaddr

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from cohorts.models import User
from cohorts.outbox.rendering.links import unsubscribe_url
from cohorts.outbox.rendering.render import MessageContent


def compose_email(
    content: MessageContent, *, to: User, mark: str, first_tried: datetime
) -> EmailMultiAlternatives:
    """Return the e-mail to a person who has an address.

    `mark` and `first_tried` are the same for each attempt, and so are Message-ID and date:
    recipients can recognize a repetition.
    """
    email = EmailMultiAlternatives(
        subject=content.subject,
        body=content.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[to.email or ""],
        headers={
            "Message-ID": f"<{mark}@{sender_domain()}>",
            "Date": format_datetime(first_tried),
            "Auto-Submitted": "auto-generated",
            "List-Unsubscribe": f"<{unsubscribe_url(to.pk)}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )
    email.attach_alternative(content.html, "text/html")
    return email


def sender_domain() -> str:
    return parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
