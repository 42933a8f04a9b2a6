from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("cohorts", "0023_set_up_and_joining")]

    operations = [
        migrations.AddField(
            model_name="cohort",
            name="end_after_days",
            field=models.PositiveSmallIntegerField(
                "end automatically",
                null=True,
                blank=True,
                validators=[MinValueValidator(1), MaxValueValidator(365)],
                help_text=(
                    "The cohort ends this many days after its last meeting. Leave empty to end it "
                    "yourself."
                ),
            ),
        ),
    ]
