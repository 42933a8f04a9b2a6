"""The views of a cohort's page, one for each tab but Settings, which is the admin's own form."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from lens.desk.cohort_page.tabs import open_tab


@require_safe
def groups_view(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the cohort's groups."""
    cohort, context = open_tab(request, pk, "groups")
    context["groups"] = cohort.groups.order_by("name", "pk")
    return TemplateResponse(request, "admin/desk/cohort/groups.html", context)
