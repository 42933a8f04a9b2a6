"""Key the state of a provider by provider and scope.  All data stays."""

from __future__ import annotations

from django.db import migrations, models


def drop_primary_key(apps, schema_editor):
    """Drop the primary key, whose name PostgreSQL kept when the table was renamed."""
    schema_editor._delete_primary_key(apps.get_model("sync", "ProviderState"))


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
        migrations.AddField(
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
