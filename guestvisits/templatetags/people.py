"""Template filters about the signed-in person, for the page header."""

from django import template
from django.conf import settings

from cohorts.models import User
from meetings import selectors
from meetings.access import may_see_group as may_see

register = template.Library()


@register.filter
def facilitates_any(user: User) -> bool:
    return selectors.facilitates_any(user)


@register.filter
def may_see_group(user: User, group_id: int) -> bool:
    return may_see(user, group_id)


@register.filter
def picture(user: User) -> str:
    """Return the URL of the person's Discord avatar, "" if they have none."""
    if user.discord_id is None or not user.discord_avatar:
        return ""
    address: str = settings.AVATAR_URL.format(id=user.discord_id, hash=user.discord_avatar)
    return address
