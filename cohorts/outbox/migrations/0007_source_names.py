from django.db import migrations


def forget_dotted_names(apps, schema_editor):
    """Sources have names instead of dotted paths.  One that still fails is recorded in a minute."""
    apps.get_model("outbox", "OutboxPart").objects.filter(name__contains=".").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('outbox', '0006_collected_at_of_a_source'),
    ]

    operations = [
        migrations.RunPython(forget_dotted_names, migrations.RunPython.noop),
    ]
