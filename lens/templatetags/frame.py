"""Template tags of the frame around staff pages."""

from typing import Any, cast

from django import template

from cohorts.models import User
from cohorts.web.access import staff_may
from lens.frame.breadcrumbs import build_breadcrumbs
from lens.frame.sidebar import PageLink, SidebarEntry, build_sidebar

register = template.Library()


@register.simple_tag(takes_context=True)
def sidebar(context: template.Context) -> list[SidebarEntry]:
    return build_sidebar(context["request"])


@register.simple_tag(takes_context=True)
def breadcrumbs(context: template.Context) -> list[PageLink]:
    """Return the way from Today to the page."""
    return build_breadcrumbs(context["request"], cast(dict[str, Any], context.flatten()))


@register.filter
def may_search(user: User) -> bool:
    """Return whether the search could find anything for the user."""
    tables = ("cohorts.view_user", "cohorts.view_group", "cohorts.view_cohort")
    return any(staff_may(user, permission) for permission in tables)
