"""Create pending e-mails about accounts.  `cohorts.outbox.email.account_emails` sends them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from cohorts.models import AccountEmail, User
from cohorts.models.people import match_address

Kind = AccountEmail.Kind


def record_change_warnings(changes: Iterable[tuple[User, User]], *, now: datetime) -> None:
    """Create e-mails to the old addresses about changed addresses or Discord accounts; `changes`
    are accounts before and after.

    A first Discord account is reported only to a person who has signed in before: for everyone else
    it is their first sign-in, or a roster import added it.
    """
    AccountEmail.objects.bulk_create(
        _build(kind, before.email, now)
        for before, after in changes
        if before.email
        for kind in _find_news(before, after)
    )


def _find_news(before: User, after: User) -> Iterator[Kind]:
    if after.email != before.email:
        yield Kind.ADDRESS_CHANGED
    is_news = before.discord_id is not None or before.last_login is not None
    if after.discord_id != before.discord_id and is_news:
        yield Kind.DISCORD_CHANGED


def queue_password_email(address: str, *, now: datetime) -> None:
    """Create an e-mail with a password link for this address; it is sent only if someone has it.

    The same row is written for every address, so that neither the response nor its timing reveals
    which addresses exist.
    """
    _build(Kind.PASSWORD_RESET, match_address(address) or "", now).save()


def _build(kind: Kind, address: str, now: datetime) -> AccountEmail:
    return AccountEmail(kind=kind, address=address, requested_at=now, next_try_at=now)
