"""The secret address of a person's calendar.  Whoever has it can read, and only read, the times."""

from __future__ import annotations

from django.db import transaction

from cohorts.models import User
from meetings.models import CalendarFeed
from meetings.models.feeds import make_token


@transaction.atomic
def open_feed(user_id: int) -> CalendarFeed:
    """Give a calendar a new address; one that it had before gives nothing from now on."""
    token = make_token()
    feed, _ = CalendarFeed.objects.update_or_create(user_id=user_id, defaults={"token": token})
    return feed


def revoke_feed(user_id: int) -> bool:
    """Take the address away.  Returns whether there was one."""
    deleted, _ = CalendarFeed.objects.filter(user=user_id).delete()
    return bool(deleted)


def find_feed(user_id: int) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user_id).first()


def find_reader(token: str) -> User | None:
    """Whose calendar an address shows; None for one that is guessed, revoked or of a closed
    account."""
    feed = CalendarFeed.objects.select_related("user").filter(token=token).first()
    return feed.user if feed and feed.user.is_active else None
