"""Base classes and helpers for the admin classes."""

from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db import IntegrityError, OperationalError, transaction
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from cohorts.admin_base.links import LinkingAdmin
from cohorts.errors import Refusal
from cohorts.services.locks import is_lock_timeout, wait_for_locks
from cohorts.validators import read_id, zone_names

# A staff member waits no longer for what a worker or someone else changes at the moment.
LOCK_MILLISECONDS = 3000
BUSY = (
    "Others are changing this at the moment, so nothing was saved. Wait a minute, then save again."
)
_WHY_NOT = "_form_why_not"  # attribute of the request


class TextFilter(admin.AllValuesFieldListFilter):
    """The texts that occur in a column, as people read them."""

    def show_text(self, text: str) -> str:
        """Return the text; "none" for an empty one, which would be a link without a name."""
        return text or "none"

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        for choice in super().choices(changelist):
            yield {**choice, "display": self.show_text(str(choice["display"]))}


class ReadOnlyAdmin(LinkingAdmin):
    """Admin for rows that only services write: staff can view them."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ChangesForm(forms.ModelForm):
    """A form that writes what staff changed on the page that they saw, and nothing else of a row.

    The page sends what it had shown, since others may have written the row after it was opened. A
    field for which it sends nothing was not shown. A page that sends nothing for any field, such as
    one of the previous version, is compared with the row as it is.
    """

    why_not = ""  # why saving was refused; then the form only shows it

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            return
        for name, field in self.fields.items():
            is_sent = not self.is_bound or self._was_shown(name)
            field.show_hidden_initial = is_sent and not field.disabled

    def _was_shown(self, name: str) -> bool:
        """Return whether the page sent what it had shown of a field; a moment has two inputs."""
        sent = self.add_initial_prefix(name)
        return sent in self.data or f"{sent}_0" in self.data

    @cached_property
    def changed_data(self) -> list[str]:
        changed: list[str] = super().changed_data
        shown = {name for name in self.fields if self._was_shown(name)}
        if not shown:
            return changed
        # A page that had shown an empty choice of several rows sends nothing of what it had shown.
        several = {
            name
            for name, field in self.fields.items()
            if isinstance(field, forms.ModelMultipleChoiceField)
            and self.add_prefix(name) in self.data
        }
        return [name for name in changed if name in shown | several]

    def clean(self) -> dict[str, Any] | None:
        """Drop unchanged values, so that the row is checked and saved with those it has now."""
        if self.why_not:
            raise forms.ValidationError(self.why_not)
        cleaned = super().clean() or {}
        if self.instance._state.adding:
            return cleaned
        return {name: cleaned[name] for name in self.changed_data if name in cleaned}


class RefusalAdmin(LinkingAdmin):
    """Admin for rows that services write too.

    If a service refuses, or others hold what saving needs, the form shows why and what was typed.
    """

    form = ChangesForm

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save the form. What a sent form checks stays as it is until it is saved."""
        show_or_save = partial(super().changeform_view, request, object_id, form_url, extra_context)
        if request.method != "POST":
            return show_or_save()
        try:
            with transaction.atomic():
                wait_for_locks(LOCK_MILLISECONDS)
                if object_id:
                    self.lock(read_id(unquote(object_id)))
                return show_or_save()
        except Refusal as refusal:
            why = refusal.sentence
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            why = BUSY
        except IntegrityError:  # someone else has just added the same, and now the form says so
            return show_or_save()
        vars(request)[_WHY_NOT] = why
        return show_or_save()

    def lock(self, pk: int) -> None:
        """Lock what the form checks, in the order of the services; those that save lock it."""

    def get_form(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        form: Any = super().get_form(request, *args, **kwargs)
        form.why_not = vars(request).get(_WHY_NOT, "")
        return form


class ProtectedAdmin(RefusalAdmin):
    """Admin for rows that its form writes, and that can be deleted only while nothing refers to
    them.

    The page lists the protected rows before it reports missing permissions.
    """

    def lock(self, pk: int) -> None:
        list(self.model._default_manager.select_for_update(no_key=True).filter(pk=pk))

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        # Rows that only services write have no delete permission in the admin; they are deleted
        # with their group.
        if protected or request.user.is_superuser:
            lacking = set()
        return found, counts, lacking, protected


class ZoneSelect(forms.Select):
    """A select with every IANA zone, and with the value that a row has if it is none.

    A browser would select the first zone instead, and saving would change the row.
    """

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__(attrs, choices=[(name, name) for name in sorted(zone_names())])

    def optgroups(self, name: str, value: Iterable[Any], attr: Any = None) -> Any:
        chosen = list(value)
        self.choices = [(zone, zone) for zone in sorted({*zone_names(), *chosen})]
        return super().optgroups(name, chosen, attr)


def admin_page(
    request: HttpRequest, template: str, title: str, /, *, status: int = 200, **context: Any
) -> TemplateResponse:
    """Return a page in the admin's frame."""
    context = {**admin.site.each_context(request), "title": title, **context}
    return TemplateResponse(request, template, context, status=status)


def confirmation_page(
    request: HttpRequest,
    *,
    title: str,
    sentences: Iterable[str],
    button: str,
    back: str,
    form: forms.Form | None = None,
    hidden: Iterable[tuple[str, Any]] = (),
    listed: Iterable[str] = (),
    danger: bool = False,
) -> TemplateResponse:
    """Return a confirmation page.  Its button posts to the same URL.

    `hidden` are fields to be posted with it, such as the rows that an action was chosen for.
    """
    return admin_page(
        request,
        "admin/lens/ask.html",
        title,
        sentences=list(sentences),
        listed=list(listed),
        button=button,
        back=back,
        form=form,
        hidden=list(hidden),
        danger=danger,
    )
