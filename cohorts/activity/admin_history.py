"""The admin's own changes, with values before and after; the history of an object shows them.

Django's log (`django_admin_log`) is neither written nor read any more.
"""

from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse

from cohorts.activity.entries import read_page
from cohorts.activity.filtering import find_entries_about
from cohorts.activity.recording import count_written, record
from cohorts.models import Cohort, Group, User

SECRET = {"password", "password1", "password2", "usable_password"}
_WRITTEN = "_activity_written"  # attribute of the request: how many entries there were before


class RecordingAdmin(admin.ModelAdmin):
    """Admin that records what its forms change, unless a service has recorded it."""

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        vars(request)[_WRITTEN] = count_written()
        return super().changeform_view(request, *args, **kwargs)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Return what the form changed, instead of Django's message."""
        return describe_form(form, add=add)

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        _record(request, "added", obj, message)

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> Any:
        if message:
            _record(request, "changed", obj, message)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        for obj in queryset:
            if isinstance(obj, User):  # erasing reaches only people who exist
                find_entries_about(obj).update(changes={}, reason="")
            _record(request, "deleted", obj, {})

    def response_action(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """Run an action. Deleting and recording it are one transaction: Django records first."""
        if "delete_selected" not in request.POST.getlist("action"):
            return super().response_action(request, *args, **kwargs)
        with transaction.atomic():
            return super().response_action(request, *args, **kwargs)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: Any = None
    ) -> HttpResponse:
        """Show the activity of one object."""
        found = self.get_object(request, unquote(object_id))
        if found is None:
            raise Http404("There is no such object.")
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        entries = find_entries_about(found)
        context = {
            **self.admin_site.each_context(request),
            "title": f"Activity: {found}",
            "opts": self.opts,
            "object": found,
            **read_page(entries, request.GET.get("page"), cast(User, request.user)),
            **(extra_context or {}),
        }
        return TemplateResponse(request, "admin/desk/activity/history.html", context)


def describe_form(form: Any, *, add: bool = False) -> dict[str, list[Any]]:
    """Return what a form changed: the label of each field, its value before and after."""
    changes: dict[str, list[Any]] = {}
    for name in form.changed_data:
        if name in SECRET or name not in form.fields:
            continue
        label = str(form.fields[name].label or name.replace("_", " ").capitalize())
        before = "" if add else _read(form, name, form.initial.get(name))
        after = _read(form, name, form.cleaned_data.get(name))
        if add or before != after:  # else someone else has changed it to the same
            changes[label] = [before, after]
    if SECRET & set(form.changed_data) and not add:
        changes["Password"] = ["", "changed"]
    return changes


def _read(form: Any, name: str, value: Any) -> Any:
    """Return a value of a form as it is recorded: a choice by its label, rows by id or text."""
    field = form.fields[name]
    if isinstance(value, QuerySet | list | tuple):
        return [_read(form, name, one) for one in value]
    if hasattr(field, "queryset") and value not in (None, "") and not isinstance(value, Model):
        value = field.queryset.model._base_manager.filter(pk=value).first()
    if isinstance(value, Model):
        return value
    found = getattr(field, "choices", ()) or ()
    choices = {one: label for one, label in found if not isinstance(label, list | tuple)}
    return choices.get(value, choices.get(str(value), value)) if choices else value


def _record(request: HttpRequest, kind: str, obj: Model, message: Any) -> None:
    if count_written() > vars(request).get(_WRITTEN, count_written()):
        return  # the service that the form called has recorded it
    record(
        kind,
        cohort=_related(obj, Cohort, "cohort"),
        group=_related(obj, Group, "group"),
        person=_related(obj, User, "user"),
        about=obj,
        changes=message if isinstance(message, dict) else {},
        reason=message if isinstance(message, str) else "",
    )


def _related(obj: Model, model: type[Model], name: str) -> Any:
    """Return the object itself, or what its column of this name refers to, if of this model."""
    if isinstance(obj, model):
        return obj
    columns = {field.name for field in obj._meta.fields if field.related_model is model}
    return getattr(obj, name) if name in columns else None
