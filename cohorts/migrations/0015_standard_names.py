"""Rename models, columns and access states to the standard terms (docs/glossary.md).

All data stays.
"""

from __future__ import annotations

from django.db import migrations, models

from cohorts.model_renames import rename_permissions, rename_values

STATES = {"wanted": "pending", "has": "granted", "not_there": "not_joined"}


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("cohorts", "0014_collected_at"),
    ]

    operations = [
        migrations.RemoveConstraint("accessstate", "access_state_once_per_mirror"),
        migrations.RenameField("accessstate", "mirror", "provider"),
        migrations.AddConstraint(
            "accessstate",
            models.UniqueConstraint(
                fields=["user", "group", "provider"], name="access_state_once_per_provider"
            ),
        ),
        migrations.AlterField(
            "accessstate",
            "state",
            models.CharField(
                max_length=12,
                choices=[
                    ("pending", "on its way"),
                    ("granted", "has access"),
                    ("not_joined", "not in the server yet"),
                    ("no_address", "no e-mail address"),
                    ("withheld", "withheld"),
                    ("failed", "failed"),
                    ("ended", "ended"),
                ],
            ),
        ),
        rename_values("cohorts", "accessstate", "state", STATES),
        migrations.RenameModel("AccountLetter", "AccountEmail"),
        rename_permissions("cohorts", "accountletter", "accountemail"),
        migrations.RenameField("accountemail", "asked_at", "requested_at"),
        migrations.AlterModelOptions("accountemail", {"ordering": ["requested_at", "pk"]}),
    ]
