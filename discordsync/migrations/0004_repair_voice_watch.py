"""Give a database that was migrated by an earlier form of 0003_voice the schema of a fresh one.

0003_voice was rewritten after databases had been migrated by it.  Its earlier form made the
constraint `voice_watch_once` unconditional, so that a channel could be hidden from the bot only
once (UniqueViolation at the second time), and indexed `heard_until`.
"""

from __future__ import annotations

from django.db import migrations, models


def repair(apps, schema_editor):
    model = apps.get_model("discordsync", "VoiceWatch")
    with schema_editor.connection.cursor() as cursor:
        found = schema_editor.connection.introspection.get_constraints(
            cursor, model._meta.db_table
        )
    for name, about in found.items():
        if about["index"] and about["columns"] == ["heard_until"]:
            schema_editor.execute(f"DROP INDEX {schema_editor.quote_name(name)}")
    # A unique constraint with a condition is an index; one without is none.
    if not found["voice_watch_once"]["index"]:
        _make_conditional(model, schema_editor)


def _make_conditional(model, schema_editor):
    unconditional = models.UniqueConstraint(fields=["ear", "channel_id"], name="voice_watch_once")
    schema_editor.remove_constraint(model, unconditional)
    # SQLite rebuilds the whole table for that, with the constraints that the model has.
    if schema_editor.connection.vendor != "sqlite":
        (conditional,) = [one for one in model._meta.constraints if one.name == unconditional.name]
        schema_editor.add_constraint(model, conditional)


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0006_signing_in"),
        ("discordsync", "0003_voice"),
    ]

    operations = [migrations.RunPython(repair, migrations.RunPython.noop, elidable=True)]
