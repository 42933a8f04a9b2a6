from django.db import migrations, models
from django.db.models import F
from django.utils import timezone

import cohorts.validators


def set_for_groups_that_were_active(apps, schema_editor):
    """Until now nothing said that a group is set up before it is active."""
    Group = apps.get_model("cohorts", "Group")
    Group.objects.filter(activated_at__isnull=False).update(set_up_at=F("activated_at"))
    Group.objects.filter(status="active", set_up_at=None).update(
        set_up_at=timezone.now()
    )


class Migration(migrations.Migration):
    dependencies = [
        ("cohorts", "0022_cohort_country"),
    ]

    operations = [
        migrations.AddField(
            model_name="group",
            name="set_up_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="cohort",
            name="join_reminder_days",
            field=models.CharField(
                blank=True,
                default="7, 3, 1",
                help_text="People who have not joined the Discord server are reminded this many days before their first meeting. Leave empty for no reminders.",
                max_length=40,
                validators=[cohorts.validators.check_days],
            ),
        ),
        migrations.RunPython(set_for_groups_that_were_active, migrations.RunPython.noop),
    ]
