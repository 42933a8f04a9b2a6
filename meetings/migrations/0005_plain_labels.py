"""Labels in plain words. Nothing in the database changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('meetings', '0004_extra_sessions'),
    ]

    operations = [
        migrations.AlterField(
            model_name='attendance',
            name='checked_in_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='first seen at'),
        ),
        migrations.AlterField(
            model_name='attendance',
            name='rsvp',
            field=models.CharField(choices=[('pending', 'Pending'), ('attending', 'Attending'), ('not_attending', 'Not attending'), ('tentative', 'Tentative')], default='pending', max_length=15, verbose_name='RSVP'),
        ),
        migrations.AlterField(
            model_name='attendance',
            name='rsvp_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='answered at'),
        ),
        migrations.AlterField(
            model_name='earlierslot',
            name='start_time',
            field=models.TimeField(),
        ),
        migrations.AlterField(
            model_name='earlierslot',
            name='until',
            field=models.DateField(help_text='From this day on, the next slot applies.'),
        ),
        migrations.AlterField(
            model_name='meeting',
            name='rhythm_starts_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='usual start'),
        ),
        migrations.AlterField(
            model_name='meeting',
            name='touched_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='moved individually at'),
        ),
        migrations.AlterField(
            model_name='meetingmove',
            name='kind',
            field=models.CharField(choices=[('reschedule', 'moved'), ('cancel', 'cancelled'), ('restore', 'restored'), ('postpone', 'postponed by a week, with all later ones'), ('put_last', 'moved to the end'), ('add', 'added'), ('slot', 'moved to a new weekly time'), ('followed', 'updated from the cohort or group')], max_length=10),
        ),
    ]
