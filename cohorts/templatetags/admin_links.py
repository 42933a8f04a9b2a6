"""Template filter and tag for links in the admin."""

from django import template

from cohorts.admin_base.links import cohort_url
from cohorts.models import User
from cohorts.web.access import staff_may

register = template.Library()


@register.filter
def may_view(user: User, model: str) -> bool:
    """Return whether the user may view a model's rows: `user|may_view:"cohorts.group"`."""
    app, name = model.split(".")
    return staff_may(user, f"{app}.view_{name}")


@register.simple_tag(takes_context=True, name="cohort_url")
def reader_cohort_url(context: template.Context, cohort_id: int) -> str:
    """Return the address of a cohort's page, or of what the reader may open in its place."""
    return cohort_url(context["request"].user, cohort_id)
