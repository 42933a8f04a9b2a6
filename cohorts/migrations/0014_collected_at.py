"""Add until when all messages were stored: for an existing database, until the upgrade."""

from django.db import migrations, models
from django.utils.timezone import now


def begin_now(apps, schema_editor):
    apps.get_model("cohorts", "Installation").objects.update(collected_at=now())


class Migration(migrations.Migration):

    dependencies = [
        ('cohorts', '0013_plain_labels'),
    ]

    operations = [
        migrations.AddField(
            model_name='installation',
            name='collected_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(begin_now, migrations.RunPython.noop),
    ]
