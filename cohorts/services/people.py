"""Change people's own preferences."""

from __future__ import annotations

from datetime import datetime

from cohorts.models import User
from cohorts.validators import check_zone


def change_zone(user_id: int, zone: str, *, now: datetime) -> None:
    """Store the IANA zone that a person chose for their times.  Raises ValidationError.

    No group is announced: nothing in other systems depends on a person's time zone.
    """
    check_zone(zone)
    User.objects.filter(pk=user_id).update(timezone=zone, zone_chosen_at=now)
