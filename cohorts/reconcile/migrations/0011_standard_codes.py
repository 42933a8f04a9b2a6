"""Rename the stored codes of four issues to the standard terms (docs/glossary.md)."""

from __future__ import annotations

from django.db import migrations

RENAMED = {
    "look_again": "conflict",
    "nobody_has_access": "no_one_has_access",
    "strange_series": "mismatched_series",
    "strangers": "many_orphans",
}
CODES = {"issue", "code", "reason"}  # the fields of a plan that hold one


def rename_columns(apps, schema_editor):
    for model in ("GroupSync", "ProviderState"):
        rows = apps.get_model("sync", model).objects
        for field in ("issue", "logged_issue"):
            for old, new in RENAMED.items():
                rows.filter(**{field: old}).update(**{field: new})


def rename_results(apps, schema_editor):
    """The results of finished requests, by group."""
    for row in apps.get_model("sync", "RealizeRequest").objects.iterator():
        results = {pk: RENAMED.get(code, code) for pk, code in row.results.items()}
        if results != row.results:
            row.results = results
            row.save(update_fields=["results"])


def rename_in_plans(apps, schema_editor):
    """The plans that people asked to see."""
    for row in apps.get_model("sync", "SyncRun").objects.filter(mode="plan").iterator():
        summary = rename_in(row.summary)
        if summary != row.summary:
            row.summary = summary
            row.save(update_fields=["summary"])


def rename_in(value, key=""):
    if isinstance(value, dict):
        return {name: rename_in(one, name) for name, one in value.items()}
    if isinstance(value, list):
        return [rename_in(one) for one in value]
    return RENAMED.get(value, value) if key in CODES and isinstance(value, str) else value


class Migration(migrations.Migration):
    dependencies = [("sync", "0010_state_by_provider_and_scope")]

    operations = [
        migrations.RunPython(rename_columns, migrations.RunPython.noop),
        migrations.RunPython(rename_results, migrations.RunPython.noop),
        migrations.RunPython(rename_in_plans, migrations.RunPython.noop),
    ]
