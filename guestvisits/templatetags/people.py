"""What the head of each page asks about the person who is signed in."""

from __future__ import annotations

from django import template

from cohorts.models import User
from meetings.selectors import groups_facilitated

register = template.Library()


@register.filter
def facilitates_any(user: User) -> bool:
    return bool(groups_facilitated(user.pk))
