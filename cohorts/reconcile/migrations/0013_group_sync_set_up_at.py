from django.db import migrations, models
from django.db.models import F


def set_for_groups_that_are_ready(apps, schema_editor):
    """The others are compared within an hour, which sets it if everything exists."""
    GroupSync = apps.get_model("sync", "GroupSync")
    GroupSync.objects.filter(ready_at__isnull=False).update(set_up_at=F("ready_at"))


class Migration(migrations.Migration):
    dependencies = [
        ("sync", "0012_two_conditions"),
    ]

    operations = [
        migrations.AddField(
            model_name="groupsync",
            name="set_up_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="first set up"),
        ),
        migrations.AlterField(
            model_name="groupsync",
            name="ready_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="ready"),
        ),
        migrations.RunPython(set_for_groups_that_are_ready, migrations.RunPython.noop),
    ]
