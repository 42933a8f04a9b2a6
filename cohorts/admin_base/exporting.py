"""Lists of the admin as files: as filtered, searched and ordered, in the columns of the list."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR, IncorrectLookupParameters
from django.contrib.admin.utils import label_for_field, lookup_field
from django.contrib.admin.views.main import ALL_VAR, ERROR_FLAG, PAGE_VAR, ChangeList
from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.db.models import DateTimeField, ForeignKey
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.text import capfirst
from django.views.decorators.http import require_POST

from cohorts.exports.answering import (
    ExportedList,
    answer_or_explain,
    check_size,
    read_query,
    with_zone,
)

ROWS_AT_ONCE = 1000  # what `complete_rows` reads for them is kept in memory
OF_THE_PAGE = (PAGE_VAR, ALL_VAR, ERROR_FLAG, IS_POPUP_VAR)


class ExportingAdmin(admin.ModelAdmin):
    """Admin whose list can be exported by those who may view it.

    `export_times`: methods in the list that return times as text, on the reader's clock.
    `export_instead`: columns for a file in place of one that shows several values.
    `export_unread`: large fields that no column shows.
    """

    export_times: Sequence[str] = ()
    export_unread: Sequence[str] = ()
    export_instead: dict[str, Sequence[str]] = {}

    def complete_rows(self, rows: list[Any]) -> None:
        """Attach to rows of the list what its columns show and one query reads for all of them."""

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.export_view))
        name = f"{self.opts.app_label}_{self.opts.model_name}_export"
        return [path("export/", view, name=name), *super().get_urls()]

    def export_view(self, request: HttpRequest) -> HttpResponseBase:
        """Return the list that the posted query shows, all pages of it, as a file."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        query = read_query(request)
        for name in OF_THE_PAGE:
            query.pop(name, None)
        request.GET = query  # type: ignore[assignment]  # the list reads its filters there
        back = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
        try:
            shown = self.get_changelist_instance(request)
        except IncorrectLookupParameters:
            messages.error(request, "This filter is not possible. Choose it again, then export.")
            return redirect(back)
        back = f"{back}?{query.urlencode()}"
        return answer_or_explain(request, lambda: read_list(shown), back=back)


def read_list(shown: ChangeList) -> ExportedList:
    """Return what a list of the admin shows, on all of its pages.  Raises Refusal if it is long."""
    check_size(shown.result_count)
    shown_by = shown.model_admin
    assert isinstance(shown_by, ExportingAdmin)
    columns = list(_find_columns(shown, shown_by))
    return ExportedList(
        title=capfirst(str(shown.opts.verbose_name_plural)),
        columns=[_title_of(shown_by, name) for name in columns],
        rows=_read_rows(shown, shown_by, columns),
        filters=describe_filters(shown),
    )


def _find_columns(shown: ChangeList, shown_by: ExportingAdmin) -> Iterator[str]:
    """Yield the list's columns without those of ticks, links and buttons, which have no title."""
    for name in map(str, shown.list_display):
        if name != "action_checkbox" and _label(shown_by, name):
            yield from shown_by.export_instead.get(name, (name,))


def _label(shown_by: admin.ModelAdmin, name: str) -> str:
    return str(label_for_field(name, shown_by.model, model_admin=shown_by))


def _title_of(shown_by: ExportingAdmin, name: str) -> str:
    title = capfirst(_label(shown_by, name))
    fields = {field.name: field for field in shown_by.opts.get_fields()}
    is_time = isinstance(fields.get(name), DateTimeField)
    return with_zone(title) if is_time or name in shown_by.export_times else title


def _read_rows(
    shown: ChangeList, shown_by: ExportingAdmin, columns: Sequence[str]
) -> Iterator[list[Any]]:
    """Yield the rows of one query, so that none is missing or double if another is added."""
    found = shown.queryset.defer(*shown_by.export_unread).iterator(chunk_size=ROWS_AT_ONCE)
    while rows := list(islice(found, ROWS_AT_ONCE)):
        shown_by.complete_rows(rows)
        for row in rows:
            yield [_read_value(shown_by, name, row) for name in columns]


def _read_value(shown_by: ExportingAdmin, name: str, row: Any) -> Any:
    """Return what the list shows, before it becomes HTML."""
    try:
        field, _, value = lookup_field(name, row, shown_by)
    except ObjectDoesNotExist:
        return None
    if isinstance(field, ForeignKey):
        return getattr(row, field.name)
    if field is not None and field.flatchoices:
        return dict(field.flatchoices).get(value, value)
    return None if value == shown_by.get_empty_value_display() else value


def describe_filters(shown: ChangeList) -> str:
    """Return the filters of a list in words: "Status: Open; a search".  A search names people, so
    its text is left out."""
    active = [spec for spec in shown.filter_specs if spec.used_parameters]
    known = {name for spec in active for name in spec.expected_parameters()}
    by_link = [name.partition("__")[0] for name in shown.get_filters_params() if name not in known]
    return "; ".join(
        [
            *(f"{capfirst(str(spec.title))}: {_name_choice(shown, spec)}" for spec in active),
            *(f"{capfirst(_label(shown.model_admin, name))}: chosen by a link" for name in by_link),
            *(["a search"] if shown.query else []),
        ]
    )


def _name_choice(shown: ChangeList, spec: Any) -> str:
    return ", ".join(str(choice["display"]) for choice in spec.choices(shown) if choice["selected"])
