"""The secret address of a person's calendar. It grants read access to that calendar only."""

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.models import User
from meetings.models import CalendarFeed
from meetings.models.feeds import make_token


@transaction.atomic
def open_feed(user_id: int) -> CalendarFeed:
    """Give a person's calendar a new address. An earlier address stops working."""
    token = make_token()
    feed, _ = CalendarFeed.objects.update_or_create(user_id=user_id, defaults={"token": token})
    record("feed_opened", person=user_id)
    return feed


@transaction.atomic
def revoke_feed(user_id: int) -> bool:
    """Delete the address. Return whether there was one."""
    deleted, _ = CalendarFeed.objects.filter(user=user_id).delete()
    if deleted:
        record("feed_revoked", person=user_id)
    return bool(deleted)


def find_feed(user_id: int) -> CalendarFeed | None:
    return CalendarFeed.objects.filter(user=user_id).first()


def find_reader(token: str) -> User | None:
    """Return the owner of the calendar at this address.

    None if the token is unknown or revoked, or the account is closed.
    """
    feed = CalendarFeed.objects.select_related("user").filter(token=token).first()
    return feed.user if feed and feed.user.is_active else None
