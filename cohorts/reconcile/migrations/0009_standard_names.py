"""Rename models and columns to the standard terms (docs/glossary.md).  All data stays."""

from __future__ import annotations

from django.db import migrations, models

from cohorts.model_renames import rename_permissions


def rename_result(old, new):
    """Return a step that renames a group's result in the stored realize requests."""

    def rename(apps, schema_editor):
        requests = apps.get_model("sync", "RealizeRequest").objects
        for request in requests.exclude(results={}).iterator():
            if old in request.results.values():
                request.results = {
                    pk: new if result == old else result for pk, result in request.results.items()
                }
                request.save(update_fields=["results"])

    return rename


class Migration(migrations.Migration):
    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
        ("sync", "0008_plain_labels"),
    ]

    operations = [
        migrations.RemoveConstraint("groupsync", "group_sync_once_per_mirror"),
        migrations.RemoveIndex("syncrun", "sync_run_open_plans"),
        migrations.RenameModel("MirrorState", "ProviderState"),
        rename_permissions("sync", "mirrorstate", "providerstate"),
        migrations.RenameField("groupsync", "mirror", "provider"),
        migrations.RenameField("groupsync", "wanted", "generation"),
        migrations.RenameField("groupsync", "seen", "observed_generation"),
        migrations.RenameField("groupsync", "create_asked_at", "realize_requested_at"),
        migrations.RenameField("groupsync", "create_asked_by", "realize_requested_by"),
        migrations.RenameField("groupsync", "stands_at", "ready_at"),
        migrations.RenameField("groupsync", "trouble", "issue"),
        migrations.RenameField("groupsync", "trouble_detail", "issue_detail"),
        migrations.RenameField("groupsync", "trouble_since", "issue_since"),
        migrations.RenameField("groupsync", "logged", "logged_issue"),
        migrations.RenameField("providerstate", "name", "provider"),
        migrations.RenameField("providerstate", "trouble", "issue"),
        migrations.RenameField("providerstate", "trouble_detail", "issue_detail"),
        migrations.RenameField("providerstate", "trouble_since", "issue_since"),
        migrations.RenameField("providerstate", "logged", "logged_issue"),
        migrations.RenameField("providerstate", "adopt_strangers", "adopt_orphans"),
        migrations.RenameField("providerstate", "whole_at", "fully_observed_at"),
        migrations.RenameField("providerstate", "look_at", "next_at"),
        migrations.RenameField("providerstate", "heard_at", "last_seen_at"),
        migrations.RenameField("syncrun", "mirror", "provider"),
        migrations.RenameField("syncrun", "asked_by", "requested_by"),
        migrations.RenameField("syncrun", "as_if_asked", "as_if_requested"),
        migrations.RenameField("syncaction", "took_ms", "duration_ms"),
        migrations.RenameField("realizerequest", "asked_at", "requested_at"),
        migrations.RenameField("realizerequest", "asked_by", "requested_by"),
        migrations.RenameField("realizerequest", "asked_as", "requested_as"),
        migrations.RenameField("realizerequest", "came_to", "results"),
        migrations.RenameField("workerheartbeat", "heard_at", "last_seen_at"),
        migrations.AddConstraint(
            "groupsync",
            models.UniqueConstraint(
                fields=["group", "provider"], name="group_sync_once_per_provider"
            ),
        ),
        migrations.AddIndex(
            "syncrun",
            models.Index(
                fields=["provider"],
                condition=models.Q(mode="plan", ended_at__isnull=True),
                name="sync_run_open_plans",
            ),
        ),
        migrations.AlterModelOptions(
            "realizerequest",
            {"verbose_name": "realize request", "ordering": ["-requested_at", "-pk"]},
        ),
        migrations.RunPython(rename_result("standing", "ready"), rename_result("ready", "standing")),
    ]
