import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('calendarsync', '0004_heard_copied'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='heardanswer',
            options={'ordering': ['meeting', 'user'], 'verbose_name': 'RSVP in Google Calendar', 'verbose_name_plural': 'RSVPs in Google Calendar'},
        ),
        migrations.AlterField(
            model_name='calendaraddress',
            name='stays_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='restored by Google'),
        ),
        migrations.AlterField(
            model_name='calendarcopy',
            name='base_id',
            field=models.CharField(db_index=True, max_length=255, verbose_name='Google ID of the series or single event'),
        ),
        migrations.AlterField(
            model_name='calendarcopy',
            name='event_id',
            field=models.CharField(max_length=300, unique=True, verbose_name='Google ID'),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='event_id',
            field=models.CharField(max_length=255, unique=True, verbose_name='Google ID'),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='gone_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='deleted at'),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='intended_at',
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='creation started at'),
        ),
        migrations.AlterField(
            model_name='calendarevent',
            name='made_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='created at'),
        ),
        migrations.AlterField(
            model_name='calendarinstance',
            name='instance_id',
            field=models.CharField(max_length=300, unique=True, verbose_name='Google ID'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='event_id',
            field=models.CharField(max_length=255, unique=True, verbose_name='Google ID'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='gone_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='deleted at'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='intended_at',
            field=models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name='creation started at'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='last_starts_at',
            field=models.DateTimeField(blank=True, db_index=True, editable=False, null=True, verbose_name='last meeting starts at'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='made_at',
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name='created at'),
        ),
        migrations.AlterField(
            model_name='calendarseries',
            name='wall_time',
            field=models.TimeField(blank=True, editable=False, null=True, verbose_name='local time'),
        ),
        migrations.AlterField(
            model_name='heardanswer',
            name='copied',
            field=models.BooleanField(default=False, verbose_name='copied from the series'),
        ),
        migrations.AlterField(
            model_name='heardanswer',
            name='heard_at',
            field=models.DateTimeField(verbose_name='read at'),
        ),
    ]
