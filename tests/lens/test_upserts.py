"""Each upsert in the code names a unique constraint that PostgreSQL really has.

One that names a constraint which is not there fails at every run, and no test that mocks the
database notices.  They are searched for in the code, so that none is forgotten.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

ROOT = Path(__file__).resolve().parents[2]
APPS = ("cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens")
UNIQUE_FIELDS = "unique_fields"


def find_upserts() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Where it is, the model's name, the fields that are to meet a row which is there already."""
    for app in APPS:
        for path in sorted((ROOT / app).rglob("*.py")):
            text = path.read_text()
            if UNIQUE_FIELDS not in text:  # parsing all files takes seconds
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.Call) and (found := _read(node)):
                    yield (f"{path.relative_to(ROOT)}:{node.lineno}", *found)


def _read(call: ast.Call) -> tuple[str, tuple[str, ...]] | None:
    """`Model.objects.bulk_create(…, unique_fields=["a", "b"])`."""
    named = {one.arg: one.value for one in call.keywords}
    if UNIQUE_FIELDS not in named:
        return None
    fields = ast.literal_eval(named[UNIQUE_FIELDS])
    model = ast.unparse(call.func).partition(".")[0]
    return model, tuple(fields)


def unique_columns(model: Any) -> set[frozenset[str]]:
    """Of the table as it is after all migrations."""
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    # An index with a condition meets no upsert that names none.
    whole = (one for one in found.values() if one["unique"] and "WHERE" not in str(one))
    return {frozenset(one["columns"]) for one in whole}


UPSERTS = list(find_upserts())


def test_the_search_finds_them() -> None:
    assert len(UPSERTS) >= 5


@pytest.mark.django_db
@pytest.mark.parametrize(("place", "name", "fields"), UPSERTS, ids=[one[0] for one in UPSERTS])
def test_what_an_upsert_names_is_unique_in_the_database(
    place: str, name: str, fields: tuple[str, ...]
) -> None:
    (model,) = (one for one in apps.get_models() if one.__name__ == name)
    columns = frozenset(model._meta.get_field(field).column for field in fields)
    assert columns in unique_columns(model), place
