"""Rename columns and message states to the standard terms (docs/glossary.md).  All data stays."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from cohorts.model_renames import rename_values


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0015_standard_names"),
        ("outbox", "0007_source_names"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RemoveIndex("message", "message_unsent"),
        migrations.AlterField(
            "message",
            "state",
            models.CharField(
                max_length=8,
                default="pending",
                choices=[
                    ("pending", "Pending"),
                    ("sending", "Sending"),
                    ("sent", "Sent"),
                    ("expired", "not sent in time"),
                    ("dropped", "no longer needed"),
                    ("unsure", "may already have been sent"),
                ],
            ),
        ),
        rename_values("outbox", "message", "state", {"owed": "pending"}),
        migrations.AddIndex(
            "message",
            models.Index(
                fields=["channel", "next_try_at"],
                condition=models.Q(state__in=["pending", "sending"]),
                name="message_unsent",
            ),
        ),
        migrations.RenameField("message", "why_not", "not_sent_reason"),
        migrations.AlterField(
            "message",
            "group",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to="cohorts.group",
            ),
        ),
        migrations.AlterField(
            "message",
            "user",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="messages",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.RenameField("messagechoice", "way", "route"),
        migrations.RenameField("outboxpart", "trouble", "issue"),
        migrations.RenameField("outboxpart", "shut_at", "closed_at"),
    ]
