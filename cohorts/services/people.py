"""What people choose for themselves."""

from __future__ import annotations

from cohorts.models import User
from cohorts.validators import check_zone


def change_zone(user_id: int, zone: str) -> None:
    """Show a person's times in another IANA zone.  Raises ValidationError.

    No group is announced: nothing outside depends on where somebody reads.
    """
    check_zone(zone)
    User.objects.filter(pk=user_id).update(timezone=zone)
