"""A row in every table that the admin shows, so that each page is about something."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import Field, ForeignKey, Model
from django.utils import timezone

# What constraints ask for beyond a plain value of the right type.
FIELDS: dict[str, dict[str, Any]] = {
    "cohorts.installation": {"id": 1},
    "calendarsync.calendarseries": {"generation": 1},
    "django_q.failure": {"success": False, "id": "failure"},
    "django_q.success": {"success": True, "id": "success"},
    "calendarsync.calendarcopy": {"body": {"id": "x"}},
    "outbox.message": {"kind": "welcome"},
    "sync.realizerequest": {"group_ids": []},
    "sync.syncrun": {
        "provider": "discord",
        "mode": "plan",
        "group_ids": [],
        "as_if_requested": True,
    },
    "discordsync.discordobject": {"kind": "category", "group": None, "meeting": None},
}


def make_rows(labels: list[str]) -> dict[str, Any]:
    """Return a row's key by table, made where there is none."""
    return {label: (apps.get_model(label).objects.first() or make(label)).pk for label in labels}


def make(label: str) -> Model:
    model = apps.get_model(label)
    fields = [field for field in model._meta.concrete_fields if is_needed(field)]
    values = {field.name: plain_value(field) for field in fields}
    row: Model = model._default_manager.create(**{**values, **FIELDS.get(label, {})})
    return row


def is_needed(field: Field[Any, Any]) -> bool:
    return not (field.null or field.has_default() or field.blank or getattr(field, "auto_now", 0))


def plain_value(field: Field[Any, Any]) -> Any:
    if isinstance(field, ForeignKey):
        label = field.related_model._meta.label_lower
        return field.related_model._default_manager.first() or make(label)
    if field.choices:
        return next(value for value, _ in field.choices)
    plain = {
        "DateTimeField": timezone.now(),
        "DateField": date(2027, 1, 4),
        "CharField": "x",
        "JSONField": {},
    }
    return plain.get(field.get_internal_type(), 1)
