"""Since when a group is in sync and healthy, and a provider healthy.  All data stays."""

from __future__ import annotations

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F
from django.db.models.functions import Coalesce, Now


def fill(apps, schema_editor):
    """Without an issue, the last comparison or answer is the best that is known."""
    groups = apps.get_model("sync", "GroupSync").objects
    groups.filter(health_since=None).update(health_since=Coalesce(F("sync_since"), Now()))
    groups.filter(sync_since=None).update(sync_since=Now())
    states = apps.get_model("sync", "ProviderState").objects
    states.filter(health_since=None).update(health_since=Coalesce(F("last_seen_at"), Now()))


HEALTH = models.DateTimeField(
    default=django.utils.timezone.now, verbose_name="issue or none since"
)
SYNC = models.DateTimeField(
    default=django.utils.timezone.now, verbose_name="in or out of sync since"
)


class Migration(migrations.Migration):
    dependencies = [("sync", "0011_standard_codes")]

    operations = [
        migrations.RenameField("groupsync", "issue_since", "health_since"),
        migrations.RenameField("groupsync", "last_ok_at", "sync_since"),
        migrations.RenameField("providerstate", "issue_since", "health_since"),
        migrations.RunPython(fill),
        migrations.AlterField("groupsync", "health_since", HEALTH),
        migrations.AlterField("groupsync", "sync_since", SYNC),
        migrations.AlterField("providerstate", "health_since", HEALTH),
        migrations.AddField(
            "groupsync",
            "has_waiting_work",
            models.BooleanField(default=False, verbose_name="work is waiting"),
        ),
    ]
