"""Key the state of a provider by provider and scope.  All data stays."""

from __future__ import annotations

from django.db import migrations, models


def drop_primary_key(apps, schema_editor):
    """Drop the primary key, whose name PostgreSQL kept when the table was renamed."""
    if schema_editor.connection.vendor != "sqlite":
        schema_editor._delete_primary_key(apps.get_model("sync", "ProviderState"))


class AddKey(migrations.AddField):
    """Add a primary key.  SQLite cannot, nor drop one: there the table is made again."""

    def database_forwards(self, app_label, schema_editor, from_state, to_state):
        if schema_editor.connection.vendor != "sqlite":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        table = from_state.apps.get_model(app_label, self.model_name)._meta.db_table
        with schema_editor.connection.cursor() as cursor:
            cursor.execute("SELECT sql FROM sqlite_master WHERE name = %s", [table])
            [old] = cursor.fetchone()
            cursor.execute(f'PRAGMA table_info("{table}")')
            columns = ", ".join(f'"{row[1]}"' for row in cursor.fetchall())
        key = '("id" integer NOT NULL PRIMARY KEY AUTOINCREMENT, '
        new = old.replace(" PRIMARY KEY", "").replace(f'"{table}"', '"new_state"', 1)
        schema_editor.execute(new.replace("(", key, 1))
        schema_editor.execute(
            f'INSERT INTO "new_state" ({columns}) SELECT {columns} FROM "{table}"'
        )
        schema_editor.execute(f'DROP TABLE "{table}"')
        schema_editor.execute(f'ALTER TABLE "new_state" RENAME TO "{table}"')


class Migration(migrations.Migration):
    dependencies = [("sync", "0009_standard_names")]

    operations = [
        migrations.RunPython(drop_primary_key),
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    "providerstate",
                    "provider",
                    models.CharField(max_length=20, verbose_name="integration"),
                )
            ]
        ),
        AddKey(
            "providerstate",
            "id",
            models.BigAutoField(
                auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
            ),
        ),
        migrations.AlterField(
            "providerstate",
            "scope",
            models.CharField(blank=True, max_length=200, verbose_name="server or calendar"),
        ),
        migrations.AddConstraint(
            "providerstate",
            models.UniqueConstraint(
                fields=("provider", "scope"), name="provider_state_once_per_scope"
            ),
        ),
    ]
