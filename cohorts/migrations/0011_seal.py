"""Add the seal that reveals a restored database, and forbid an empty installation id."""

from django.conf import settings
from django.db import migrations, models
from django.utils.timezone import now

PRESENT_SEAL = """
    SELECT s.xmin::text || ':' || s.tableoid::text || ':' || d.oid::text
    FROM cohorts_seal s, pg_database d WHERE s.id = 1 AND d.datname = current_database()
"""


def name_the_nameless(apps, schema_editor):
    """Replace empty installation ids, which a web process without INSTALLATION_ID stored."""
    nameless = apps.get_model("cohorts", "Installation").objects.filter(installation_id="")
    if settings.INSTALLATION_ID:
        name = settings.INSTALLATION_ID
        nameless.update(installation_id=name, accepted_as=name)
    else:
        nameless.delete()


def seal_what_is_there(apps, schema_editor):
    """Seal an existing database: an upgrade does not make it a copy."""
    if schema_editor.connection.vendor != "postgresql":
        return
    if apps.get_model("cohorts", "Installation").objects.exists():
        apps.get_model("cohorts", "Seal").objects.create(pk=1, written_at=now())
        schema_editor.execute(f"UPDATE cohorts_installation SET seal = ({PRESENT_SEAL})")


class Migration(migrations.Migration):

    dependencies = [
        ('cohorts', '0010_account_letters'),
    ]

    operations = [
        migrations.CreateModel(
            name='Seal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('written_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('pk', 1)), name='seal_one_row')],
            },
        ),
        migrations.AddField(
            model_name='installation',
            name='alarmed_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='installation',
            name='doubted_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='installation',
            name='seal',
            field=models.CharField(blank=True, default='', max_length=60),
        ),
        migrations.AddField(
            model_name='installation',
            name='silenced_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.RunPython(name_the_nameless, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name='installation',
            constraint=models.CheckConstraint(condition=models.Q(('installation_id', ''), _negated=True), name='installation_has_an_id'),
        ),
        migrations.RunPython(seal_what_is_there, migrations.RunPython.noop),
    ]
