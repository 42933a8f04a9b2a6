"""Links from one row's page to another's, only for users who may view the other.

Django renders them for every user; the target then answers 403.  Beside them, the addresses of a
cohort and of the page that led here.
"""

import re
from collections.abc import Collection, Iterable
from typing import Any

from django.apps import apps
from django.contrib import admin
from django.contrib.admin.helpers import AdminReadonlyField
from django.contrib.admin.views.main import ChangeList
from django.contrib.admin.widgets import AutocompleteSelect
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import mark_safe

from cohorts.activity.admin_history import RecordingAdmin
from cohorts.admin_base.exporting import ExportingAdmin
from cohorts.group_labels import label_group, with_places
from cohorts.models import Group, User
from cohorts.validators import is_own_page, read_id
from cohorts.web.access import staff_may

# The pages of people and groups; their forms in the admin hold only the settings.
PAGES: dict[type[Model], str] = {User: "admin:person", Group: "group"}
LINK = re.compile(r'<a href="[^"]*/(\w+)/(\w+)/[^/"]+/change/">(.*?)</a>')


SEE_COHORT = ("cohorts.view_cohort", "cohorts.view_group", "cohorts.view_membership")


def cohort_url(user: User, cohort_id: int) -> str:
    """Return the address of a cohort's page, or of what the user may open in its place."""
    if staff_may(user, *SEE_COHORT):
        return reverse("admin:cohort", args=[cohort_id])
    if staff_may(user, "cohorts.view_cohort"):
        return reverse("admin:cohorts_cohort_change", args=[cohort_id])
    return reverse("admin:index")


def cohorts_url(user: User, cohort_ids: Collection[int]) -> str:
    """Return the address of the cohort's page, or of the list of cohorts if it is not one."""
    if len(cohort_ids) == 1:
        return cohort_url(user, *cohort_ids)
    return reverse("admin:cohorts_cohort_changelist")


class PageList(ChangeList):
    """A list whose rows lead to the pages of people or groups, instead of to the admin's forms, and
    whose admin completes them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows = list(self.result_list)
        assert isinstance(self.model_admin, ExportingAdmin)
        self.model_admin.complete_rows(rows)
        self.result_list = rows

    def url_for_result(self, result: Model) -> str:
        return find_page(result) if type(result) in PAGES else super().url_for_result(result)


class RowSelect(AutocompleteSelect):
    """Django's select with a search, which fails on what is no id, such as `?user=x` in an address.
    Here that chooses nothing; sent in a form, it is an invalid choice."""

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> Any:
        return super().optgroups(name, [one for one in value if read_id(str(one))], attr)


class LinkingAdmin(RecordingAdmin, ExportingAdmin):
    """Admin whose pages link to other rows only if the user may view them.

    Where a form chooses a group, it is named with its cohort, weekly time and places.
    """

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PageList

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):
            kwargs["widget"] = RowSelect(db_field, self.admin_site)
        field: Any = super().formfield_for_foreignkey(db_field, request, **kwargs)
        if db_field.remote_field.model is Group and field is not None:
            field.queryset = with_places(field.queryset)
            field.label_from_instance = label_group
        return field

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        forms = [context["adminform"].form]
        for inline in context["inline_admin_formsets"]:
            forms += inline.formset.forms
        for form in forms:
            form.request = request  # for `_link`
        return super().render_change_form(request, context, *args, **kwargs)

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        return self._unlink(found, request), counts, lacking, self._unlink(protected, request)

    def _unlink(self, rows: Iterable[Any], request: HttpRequest) -> list[Any]:
        """Replace links that the user may not follow by their text, in nested lists of HTML."""

        def one(link: re.Match[str]) -> str:
            app, model, text = link.groups()
            target = admin.site.get_model_admin(apps.get_model(app, model))
            return link[0] if target.has_view_permission(request) else text

        return [
            self._unlink(row, request)
            if isinstance(row, list)
            else mark_safe(LINK.sub(one, conditional_escape(row)))  # noqa: S308 - Django's own
            for row in rows
        ]


def next_page(request: HttpRequest, default: str) -> str:
    """Return the address in `next`, of the form or of the link; only within this site."""
    address = request.POST.get("next") or request.GET.get("next", "")
    return address if is_own_page(address) else default


_link_for_everyone = AdminReadonlyField.get_admin_url


def _link(field: AdminReadonlyField, remote_field: Any, row: Model) -> str:
    """Render the related row of a read-only field."""
    request = getattr(field.form, "request", None)
    if request is not None and admin.site.is_registered(remote_field.model):
        target = admin.site.get_model_admin(remote_field.model)
        if not target.has_view_permission(request, row):
            return str(row)
    if type(row) in PAGES:
        return format_html('<a href="{}">{}</a>', find_page(row), row)
    return _link_for_everyone(field, remote_field, row)


def find_page(row: Model) -> str:
    """Return the address of the page about a person or a group."""
    return reverse(PAGES[type(row)], args=[row.pk])


# Django has no other place for it: the field knows neither the user nor the request.
AdminReadonlyField.get_admin_url = _link  # type: ignore[method-assign,assignment]
