"""Access to the staff's pages about synchronization, and their rendering."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django_htmx.http import HttpResponseClientRefresh

from cohorts.admin_base.base import admin_page

PERMISSION = "cohorts.change_group"

View = Callable[..., HttpResponseBase]


def staff_page(view: View) -> View:
    """Restrict a view to staff who may change groups; others have to sign in, or get a 403."""
    permitted = permission_required(PERMISSION, raise_exception=True)(view)
    guarded = admin.site.admin_view(permitted)

    @wraps(view)
    def page(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if is_part(request) and not admin.site.has_permission(request):
            # The session has ended: the sign-in page must not be inserted into this one.
            return HttpResponseClientRefresh()
        return guarded(request, *args, **kwargs)

    return page


def is_part(request: HttpRequest) -> bool:
    """Whether the page polls for the part of it that changes."""
    return bool(getattr(request, "htmx", False))


def show(request: HttpRequest, name: str, title: str, **context: Any) -> TemplateResponse:
    """Render an admin page from templates/admin/sync, or only its changing part."""
    folder = "admin/sync/parts" if is_part(request) else "admin/sync"
    return admin_page(request, f"{folder}/{name}.html", title, **context)
