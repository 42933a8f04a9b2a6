"""What the head of each page asks about the person who is signed in."""

from __future__ import annotations

from django import template
from django.conf import settings

from cohorts.models import User
from meetings.selectors import groups_facilitated

register = template.Library()


@register.filter
def facilitates_any(user: User) -> bool:
    return bool(groups_facilitated(user.pk))


@register.filter
def picture(user: User) -> str:
    """The address of the picture that the person has on Discord, "" without one."""
    if user.discord_id is None or not user.discord_avatar:
        return ""
    address: str = settings.AVATAR_URL.format(id=user.discord_id, hash=user.discord_avatar)
    return address
