"""Read everything that is held about one person."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format

from cohorts.models import User
from lens.personal_data.tables import PERSON_COLUMNS, READ_AS, TABLES, TITLES

Values = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DataSection:
    """The rows of one table, with the names of their columns as people read them."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Values, ...]

    @property
    def texts(self) -> list[list[str]]:
        """Return the rows as people read them, with times in the current zone."""
        return [[_text(value) for value in row] for row in self.rows]


def export_person(person: User) -> list[DataSection]:
    """Return the person's account and every table with rows about them. One query for each."""
    account = _section("Account", User, PERSON_COLUMNS, [person])
    sections = (_section(t.title, t.model, t.columns, t.rows(person)) for t in TABLES)
    return [account, *(section for section in sections if section.rows)]


def as_json(person: User) -> str:
    """Return the export as JSON: times in ISO format, tables by title, rows by column."""
    content = {
        section.title: [dict(zip(section.columns, row, strict=True)) for row in section.rows]
        for section in export_person(person)
    }
    return DjangoJSONEncoder(indent=2, ensure_ascii=False).encode(content)


def _text(value: Any) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return "Yes" if value else "No"
        case datetime():
            return date_format(timezone.localtime(value), "j F Y, H:i e")
        case _:
            return str(value)


def _section(title: str, model: type[Model], columns: tuple[str, ...], rows: Any) -> DataSection:
    titles = tuple(_title(model, column) for column in columns)
    return DataSection(title, titles, tuple(tuple(_value(row, c) for c in columns) for row in rows))


def _title(model: type[Model], column: str) -> str:
    name = TITLES.get(column) or str(model._meta.get_field(column).verbose_name)  # type: ignore[union-attr]
    return name[:1].upper() + name[1:]


def _value(row: Model, column: str) -> Any:
    """Return a column's value: a reference as text, and a choice as people read it."""
    field: Any = row._meta.get_field(column)
    if field.is_relation:
        found = getattr(row, column)
        return None if found is None else str(found)
    if field.choices:
        return getattr(row, f"get_{column}_display")()
    value = getattr(row, column)
    if column in READ_AS and value:
        return READ_AS[column](value)
    return dict(value) if isinstance(value, Mapping) else value
