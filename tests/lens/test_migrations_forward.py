"""An upgrade with rows in every table loses no row, no value and no permission.

The database is migrated to the state before this version's renames, filled through the models of
that state, and upgraded by `manage.py migrate`. What is dropped or converted must be listed here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from django.apps import apps
from django.apps.registry import Apps
from django.conf import settings
from django.contrib.auth import get_permission_codename
from django.contrib.auth.management import create_permissions
from django.core.management import call_command
from django.db import connection, models
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.operations import (
    DeleteModel,
    RemoveField,
    RenameField,
    RenameModel,
    SeparateDatabaseAndState,
)
from django.db.migrations.operations.base import Operation

from tests.support.backups import another_database

BEFORE = {
    "bot": "0003_plain_labels",
    "calendarsync": "0005_plain_labels",
    "cohorts": "0014_collected_at",
    "discordsync": "0007_plain_labels",
    "guestvisits": "0004_plain_labels",
    "lens": "0001_cache_table",
    "meetings": "0005_plain_labels",
    "outbox": "0005_plain_labels",
    "sync": "0008_plain_labels",
}
# "app.model" or "app.model.field", by its name before: why it may go.
DROPPED: dict[str, str] = {}
# "app.model.field", by its name before: its stored values after, by those before.
CONVERTED: dict[str, dict[Any, Any]] = {
    "cohorts.accessstate.state": {
        "wanted": "pending",
        "has": "granted",
        "not_there": "not_joined",
    },
    "outbox.message.state": {"owed": "pending"},
    "sync.groupsync.trouble": {"nobody_has_access": "no_one_has_access"},
    "sync.groupsync.logged": {"strange_series": "mismatched_series"},
    "sync.mirrorstate.trouble": {"strangers": "many_orphans"},
    "sync.mirrorstate.logged": {"look_again": "conflict"},
    "sync.realizerequest.came_to": {
        '{"5": "standing", "6": "strangers"}': '{"5": "ready", "6": "many_orphans"}'
    },
    "sync.syncrun.summary": {
        '{"issue": "look_again", "withheld": [{"reason": "strangers", "target": "strangers"}]}': (
            '{"issue": "conflict", "withheld": [{"reason": "many_orphans", "target": "strangers"}]}'
        )
    },
}

OLD_PLAN = {
    "issue": "look_again",
    "withheld": [{"reason": "strangers", "target": "strangers"}],
}
ACTIONS = ("add", "change", "delete", "view")

Model = type[models.Model]
Rows = Counter[tuple[Any, ...]]
Values = dict[str, Any]
# What constraints require beyond a value of the right type.
REQUIRED: dict[str, Callable[[Values], Values]] = {
    "cohorts.cohort": lambda _: {"number_of_meetings": 8},
    "cohorts.group": lambda _: {"weekday": 5, "duration_minutes": 45},
    "cohorts.installation": lambda _: {"id": 1},
    "cohorts.membership": lambda row: {
        "cohort": row["group"].cohort,
        "left_at": None if row["status"] == "active" else row["left_at"],
    },
    "cohorts.seal": lambda _: {"id": 1},
    "guestvisits.guestvisit": lambda row: {} if row["end_reason"] else {"ended_at": None},
    "meetings.attendance": lambda _: {"not_seen": False},
    "meetings.earlierslot": lambda _: {"weekday": 5, "duration_minutes": 45},
    "meetings.meeting": lambda _: {"duration_minutes": 45},
    # Rows of message sources are deleted: a source that still fails is recorded within a minute.
    "outbox.outboxpart": lambda _: {"name": "email"},
    "sync.groupsync": lambda _: {"trouble": "nobody_has_access", "logged": "strange_series"},
    "sync.mirrorstate": lambda _: {"trouble": "strangers", "logged": "look_again"},
    "sync.realizerequest": lambda _: {"came_to": {"5": "standing", "6": "strangers"}},
    "sync.syncrun": lambda row: {"summary": OLD_PLAN if row["mode"] == "plan" else {"left": 1}},
}
VALUES: dict[type[models.Field[Any, Any]], Callable[[int], Any]] = {
    models.BooleanField: lambda _: True,
    models.DateTimeField: lambda number: START + timedelta(hours=number),
    models.DateField: lambda number: (START + timedelta(days=number)).date(),
    models.TimeField: lambda number: (START + timedelta(minutes=number)).time(),
    models.DurationField: lambda number: timedelta(seconds=number),
    models.JSONField: lambda number: [number],
    models.CharField: str,
    models.TextField: str,
    models.IntegerField: int,
}
START = datetime(2027, 1, 4, tzinfo=UTC)


# It migrates from nothing to the release before and on, 16 seconds of CPU time.
@pytest.mark.matrix
@pytest.mark.django_db(transaction=True)
def test_o3_an_upgrade_keeps_every_row_every_value_and_every_permission() -> None:
    with another_database():
        old = migrate_to_the_state_before()
        ours = [m for m in old.get_models(include_auto_created=True) if m._meta.app_label in BEFORE]
        fill(ours)
        holder = grant_every_permission(old)
        kept = {model: read(model, [f.name for f in model._meta.concrete_fields]) for model in ours}
        assert [model for model, rows in kept.items() if not rows] == []

        upgrade = Upgrade()
        call_command("migrate", verbosity=0)

        lost = {model._meta.label: upgrade.find_lost(model, rows) for model, rows in kept.items()}
        assert {label: rows for label, rows in lost.items() if rows} == {}
        held = apps.get_model("auth.Permission").objects.filter(user=holder)
        needed = {name for model in ours for name in upgrade.permissions_of(model)}
        assert needed - {*held.values_list("codename", flat=True)} == set()


def test_o3_what_a_migration_drops_is_named() -> None:
    operations = [
        ("cohorts", RenameField("Course", "name", "title")),
        ("cohorts", RenameModel("Course", "Subject")),
        ("cohorts", RemoveField("Subject", "title")),
        ("meetings", RemoveField("Course", "id")),
        ("cohorts", DeleteModel("Seal")),
    ]
    assert find_name(operations, "cohorts", "course", "name") == ("subject", None)
    assert find_name(operations, "cohorts", "course", "id") == ("subject", "id")
    assert find_name(operations, "cohorts", "seal", "id") == (None, None)


# -- the state before ------------------------------------------------------------------------------


def migrate_to_the_state_before() -> Apps:
    old = MigrationExecutor(connection).migrate(list(BEFORE.items())).apps
    with_model = {model._meta.db_table for model in old.get_models(include_auto_created=True)}
    without = {"django_migrations", settings.CACHES["default"]["LOCATION"]}
    assert {*connection.introspection.table_names()} == with_model | without
    return old


def fill(ours: list[Model]) -> None:
    """Create rows in each table: one for each value of its field with the most choices."""
    numbers = count(1)
    for model in ours:
        choices = max(len(field.choices or ()) for field in model._meta.concrete_fields)
        for which in range(choices or 1):
            make_row(model, which, numbers)


def make_row(model: Model, which: int, numbers: Iterator[int], *above: Model) -> Any:
    """Create a row, with new rows for its foreign keys; NULL where they form a cycle."""
    row: Values = {}
    for field in model._meta.concrete_fields:
        if isinstance(field, models.ForeignKey):
            target = field.related_model
            if target not in (model, *above):
                row[field.name] = make_row(target, which, numbers, model, *above)
        elif not isinstance(field, models.AutoField):
            row[field.name] = make_value(field, which, next(numbers))
    row |= REQUIRED.get(model._meta.label_lower, lambda _: {})(row)
    made = model(**row)
    made.save()
    return made


def make_value(field: Any, which: int, number: int) -> Any:
    """Return a value that no other field or row has, if the type allows that."""
    if field.choices:
        return field.choices[which % len(field.choices)][0]
    if field.get_default() == {}:
        return {str(number): number}
    return next(make(number) for kind, make in VALUES.items() if isinstance(field, kind))


def grant_every_permission(old: Apps) -> int:
    """Grant each permission on our models to a person; return their id."""
    for label in BEFORE:
        create_permissions(apps.get_app_config(label), verbosity=0, apps=old)
    holder = old.get_model("cohorts.User").objects.first()
    holder.user_permissions.add(*old.get_model("auth.Permission").objects.all())
    return holder.pk


def read(model: Model, fields: list[str]) -> Rows:
    """Return a table's rows as tuples of their stored values."""
    columns = ", ".join(f'"{model._meta.get_field(name).column}"::text' for name in fields)
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT {columns} FROM "{model._meta.db_table}"')
        return Rows(cursor.fetchall())


# -- the upgrade -----------------------------------------------------------------------------------


class Upgrade:
    """The migrations that are to be applied, and the models after them."""

    def __init__(self) -> None:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
        self.operations = [
            (migration.app_label, operation)
            for migration, _ in plan
            for operation in flatten(migration.operations)
        ]
        self.new = executor.loader.project_state().apps

    def find_lost(self, old: Model, rows: Rows) -> Rows:
        """Return the rows that are not in the table any more, as they should be there."""
        label = old._meta.label_lower
        names = {field.name: self.find(old, field.name)[1] for field in old._meta.concrete_fields}
        model = self.find_model(old)
        if model is None:
            return Rows() if label in DROPPED else rows
        left = [name for name in names if f"{label}.{name}" not in DROPPED]
        dropped = [f"{label}.{name}" for name in left if names[name] is None]
        assert not dropped, "list it in DROPPED, with the reason"
        expected = Rows()
        for row, number in rows.items():
            values = dict(zip(names, row, strict=True))
            expected[tuple(convert(f"{label}.{name}", values[name]) for name in left)] += number
        return expected - read(model, [str(names[name]) for name in left])

    def permissions_of(self, old: Model) -> list[str]:
        model = self.find_model(old)
        if model is None or model._meta.auto_created:
            return []
        return [get_permission_codename(action, model._meta) for action in ACTIONS]

    def find_model(self, old: Model) -> Model | None:
        name, _ = self.find(old, "")
        return self.new.get_model(old._meta.app_label, name) if name else None

    def find(self, old: Model, field: str) -> tuple[str | None, str | None]:
        return find_name(self.operations, old._meta.app_label, str(old._meta.model_name), field)


def find_name(
    operations: list[tuple[str, Operation]], app: str, model: str, field: str
) -> tuple[str | None, str | None]:
    """Return what a model and its field are called after the operations; None: dropped."""
    new: str | None = field
    for label, operation in operations:
        if label != app:
            continue
        match operation:
            case RenameModel() if operation.old_name_lower == model:
                model = operation.new_name_lower
            case DeleteModel() if operation.name_lower == model:
                return None, None
            case RenameField() if (operation.model_name_lower, operation.old_name) == (model, new):
                new = operation.new_name
            case RemoveField() if (operation.model_name_lower, operation.name) == (model, new):
                new = None
    return model, new


def flatten(operations: list[Operation]) -> Iterator[Operation]:
    for operation in operations:
        if isinstance(operation, SeparateDatabaseAndState):
            yield from flatten(operation.state_operations)
        else:
            yield operation


def convert(name: str, value: Any) -> Any:
    return CONVERTED.get(name, {}).get(value, value)
