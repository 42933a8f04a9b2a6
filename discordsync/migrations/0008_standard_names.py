"""Rename models and columns to the standard terms (docs/glossary.md).  All data stays."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

from cohorts.model_renames import rename_permissions


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("cohorts", "0015_standard_names"),
        ("discordsync", "0007_plain_labels"),
    ]

    operations = [
        migrations.RenameField("discordobject", "name_answered", "name_returned"),
        migrations.RenameField("discordobject", "seen_before", "existed_before"),
        migrations.RenameField("discordobject", "adopted", "imported"),
        migrations.RenameField("hiddencount", "noted_at", "observed_at"),
        # -- direct messages
        migrations.RenameModel("DirectLine", "DmChannel"),
        rename_permissions("discordsync", "directline", "dmchannel"),
        migrations.RenameField("dmchannel", "used_at", "last_used_at"),
        migrations.RenameField("dmchannel", "asked_at", "channel_requested_at"),
        migrations.RenameField("dmchannel", "closed_at", "refused_at"),
        migrations.RenameField("dmchannel", "why_closed", "refused_reason"),
        migrations.AlterModelOptions(
            "dmchannel", {"verbose_name": "DM channel", "ordering": ["-last_used_at"]}
        ),
        # -- voice
        migrations.RemoveConstraint("voicewatch", "voice_watch_once"),
        migrations.RemoveConstraint("voicewatch", "voice_watch_forward"),
        migrations.RemoveConstraint("voicestay", "voice_stay_in_one_place"),
        migrations.RemoveConstraint("voicestay", "voice_stay_forward"),
        migrations.RenameModel("VoiceWatch", "VoiceCoverage"),
        migrations.RenameModel("VoiceStay", "VoiceSession"),
        rename_permissions("discordsync", "voicewatch", "voicecoverage"),
        rename_permissions("discordsync", "voicestay", "voicesession"),
        migrations.RenameField("voicecoverage", "ear", "listener"),
        migrations.RenameField("voicecoverage", "heard_until", "covered_until"),
        migrations.RenameField("voicesession", "watch", "coverage"),
        migrations.AlterField(
            "voicecoverage",
            "group",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="voice_coverage",
                to="cohorts.group",
            ),
        ),
        migrations.AlterField(
            "voicesession",
            "coverage",
            models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="sessions",
                to="discordsync.voicecoverage",
            ),
        ),
        migrations.AddConstraint(
            "voicecoverage",
            models.UniqueConstraint(
                fields=["listener", "channel_id"],
                condition=~models.Q(listener=""),
                name="voice_coverage_once",
            ),
        ),
        migrations.AddConstraint(
            "voicecoverage",
            models.CheckConstraint(
                condition=models.Q(covered_until__gte=models.F("since")),
                name="voice_coverage_forward",
            ),
        ),
        migrations.AddConstraint(
            "voicesession",
            models.UniqueConstraint(
                fields=["discord_id"],
                condition=models.Q(until__isnull=True),
                name="voice_session_in_one_place",
            ),
        ),
        migrations.AddConstraint(
            "voicesession",
            models.CheckConstraint(
                condition=models.Q(until__isnull=True) | models.Q(until__gte=models.F("since")),
                name="voice_session_forward",
            ),
        ),
    ]
