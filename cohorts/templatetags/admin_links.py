"""Template filter for links in the admin."""

from __future__ import annotations

from django import template

from cohorts.access import staff_may
from cohorts.models import User

register = template.Library()


@register.filter
def may_view(user: User, model: str) -> bool:
    """Return whether the user may view a model's rows: `user|may_view:"cohorts.group"`."""
    app, name = model.split(".")
    return staff_may(user, f"{app}.view_{name}")
