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
        ("calendarsync", "0005_plain_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RenameField("calendaraddress", "known_as", "listed_as"),
        migrations.RenameField("calendaraddress", "stays_at", "restored_at"),
        migrations.RemoveConstraint("heardanswer", "heard_answer_once"),
        migrations.RenameModel("HeardAnswer", "ObservedRsvp"),
        rename_permissions("calendarsync", "heardanswer", "observedrsvp"),
        migrations.RenameField("observedrsvp", "heard_at", "observed_at"),
        migrations.AlterField(
            "observedrsvp",
            "meeting",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="observed_rsvps",
                to="meetings.meeting",
            ),
        ),
        migrations.AlterField(
            "observedrsvp",
            "user",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="observed_rsvps",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            "observedrsvp",
            models.UniqueConstraint(fields=["meeting", "user"], name="observed_rsvp_once"),
        ),
    ]
