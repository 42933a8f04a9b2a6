"""What people choose for themselves."""

from __future__ import annotations

from datetime import datetime

from cohorts.models import User
from cohorts.validators import check_zone


def change_zone(user_id: int, zone: str, *, now: datetime) -> None:
    """Show a person's times in the IANA zone that they chose.  Raises ValidationError.

    No group is announced: nothing outside depends on where somebody reads.
    """
    check_zone(zone)
    User.objects.filter(pk=user_id).update(timezone=zone, zone_chosen_at=now)
