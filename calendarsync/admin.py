"""Admin pages for the calendar's records. Staff can also enter a series that already exists."""

from base64 import urlsafe_b64decode
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from django import forms
from django.contrib import admin
from django.http import HttpRequest

from calendarsync.decisions import import_series, invite_again
from calendarsync.models import (
    CalendarAddress,
    CalendarCopy,
    CalendarEvent,
    CalendarSeries,
    ObservedRsvp,
)
from calendarsync.state import ids
from cohorts.admin_base.base import ChangesForm, ReadOnlyAdmin, RefusalAdmin, TextFilter


class SeriesForm(ChangesForm):
    """Enter a series that already exists, by its id or a link to it."""

    class Meta:
        model = CalendarSeries
        fields = ["group", "event_id"]
        help_texts = {
            "event_id": "The ID of a weekly series that already exists in the calendar, or a link "
            "to it (with “eid=”). Lens takes it over and does not invite anyone twice."
        }

    def clean_event_id(self) -> str:
        event_id = read_event_id(self.cleaned_data["event_id"])
        if not event_id or event_id != ids.base_of(event_id):
            raise forms.ValidationError(
                "This is not the ID of a series. Copy the ID of the series, not of one meeting."
            )
        return event_id


@admin.register(CalendarSeries)
class CalendarSeriesAdmin(RefusalAdmin):
    form = SeriesForm
    autocomplete_fields = ["group"]
    list_display = ["group", "generation", "weeks", "first_day", "wall_time", "timezone", "made_at"]
    list_filter = ["group__cohort"]
    list_select_related = ["group"]
    search_fields = ["group__name", "event_id"]
    readonly_fields = [
        "generation",
        "first_day",
        "wall_time",
        "timezone",
        "duration_minutes",
        "weeks",
        "intended_at",
        "made_at",
        "gone_at",
    ]

    def get_fields(self, request: HttpRequest, obj: CalendarSeries | None = None) -> Any:
        return ["group", "event_id", *(self.readonly_fields if obj else ())]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: CalendarSeries, form: forms.ModelForm, change: bool
    ) -> None:
        obj.pk = import_series(obj.group_id, obj.event_id).pk


@admin.register(CalendarEvent)
class CalendarEventAdmin(ReadOnlyAdmin):
    list_display = ["meeting", "user", "generation", "made_at", "gone_at"]
    list_select_related = ["meeting__group", "user"]
    search_fields = ["meeting__group__name", "user__name", "event_id"]


@admin.register(CalendarCopy)
class CalendarCopyAdmin(ReadOnlyAdmin):
    """Show Google's latest data, so that staff can see why an action is planned."""

    list_display = ["event_id", "original_start", "status", "read_at"]
    list_filter = ["status"]
    search_fields = ["event_id", "base_id"]


@admin.register(CalendarAddress)
class CalendarAddressAdmin(ReadOnlyAdmin):
    """Show what is known of people's addresses.

    An address is tried again once its entry is deleted.
    """

    list_display = ["email", "user", "listed_as", "refused_at", "restored_at"]
    list_filter = [("refused_at", admin.EmptyFieldListFilter)]
    list_select_related = ["user"]
    search_fields = ["email", "listed_as", "user__name"]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: CalendarAddress) -> None:
        invite_again([obj])

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        invite_again(queryset)


@admin.register(ObservedRsvp)
class ObservedRsvpAdmin(ReadOnlyAdmin):
    """Show people's latest answers in Google Calendar, which may differ from their RSVP in Lens."""

    list_display = ["meeting", "user", "own", "series", "observed_at"]
    list_filter = [("own", TextFilter), ("series", TextFilter), "meeting__group__cohort"]
    list_select_related = ["meeting__group", "user"]
    search_fields = ["user__name", "user__email", "meeting__group__name"]


def read_event_id(text: str) -> str:
    """Return the event id from what staff can copy: the id itself, or a link with an `eid`."""
    text = text.strip()
    if "eid=" not in text:
        return text
    try:
        packed = dict(parse_qsl(urlsplit(text).query)).get("eid", "")
        return urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode().partition(" ")[0]
    except ValueError:
        return ""
