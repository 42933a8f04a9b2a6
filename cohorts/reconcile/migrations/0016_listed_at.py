from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("sync", "0015_running_totals")]

    operations = [
        migrations.AddField(
            model_name="providerstate",
            name="listed_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="last listing"),
        ),
    ]
