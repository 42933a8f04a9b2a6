from django.core.validators import MaxValueValidator
from django.db import migrations, models


def no_archive_for_ended_cohorts(apps, schema_editor):
    """Their people have lost access already, and must not get it back by an upgrade."""
    apps.get_model("cohorts", "Cohort").objects.exclude(status="open").update(archive_days=0)


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0019_substitutes")]

    operations = [
        migrations.AddField(
            model_name="cohort",
            name="archive_days",
            field=models.PositiveSmallIntegerField(
                default=30,
                help_text=(
                    "People who were in a group at its end can read its channels for this many "
                    "days. Enter 0 to end their access at once."
                ),
                validators=[MaxValueValidator(365)],
            ),
        ),
        migrations.RunPython(no_archive_for_ended_cohorts, migrations.RunPython.noop),
    ]
