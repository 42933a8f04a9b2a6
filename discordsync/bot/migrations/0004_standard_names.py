"""Rename models and columns to the standard terms (docs/glossary.md).  All data stays."""

from __future__ import annotations

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from cohorts.model_renames import rename_permissions


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("cohorts", "0015_standard_names"),
        ("bot", "0003_plain_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField("botheartbeat", "heard_at", "last_seen_at"),
        migrations.RenameField("botheartbeat", "trouble", "issue"),
        migrations.RenameField("botheartbeat", "commands_trouble", "commands_issue"),
        migrations.RenameField("botreply", "called", "asker_name"),
        migrations.RenameField("botreply", "ask", "request"),
        migrations.RenameField("botreply", "asked_at", "requested_at"),
        migrations.RenameField("botreply", "look_at", "next_at"),
        migrations.RenameField("botreply", "shown", "shown_digest"),
        migrations.AlterModelOptions(
            "botreply",
            {
                "verbose_name": "pending reply",
                "verbose_name_plural": "pending replies",
                "ordering": ["requested_at"],
            },
        ),
        migrations.RenameModel("GuildStay", "GuildMembership"),
        rename_permissions("bot", "guildstay", "guildmembership"),
        migrations.AlterField(
            "guildmembership",
            "user",
            models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="guild_membership",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
    ]
