"""Template filters about the signed-in person, for the page header."""

from django import template
from django.conf import settings

from cohorts.models import User
from meetings.access import may_see_group
from meetings.selectors import facilitates_any

register = template.Library()
register.filter("facilitates_any", facilitates_any)
register.filter("may_see_group", may_see_group)


@register.filter
def picture(user: User) -> str:
    """Return the URL of the person's Discord avatar, "" if they have none."""
    if user.discord_id is None or not user.discord_avatar:
        return ""
    address: str = settings.AVATAR_URL.format(id=user.discord_id, hash=user.discord_avatar)
    return address
