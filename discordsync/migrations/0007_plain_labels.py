import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('discordsync', '0006_own_writes'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='directline',
            options={'ordering': ['-used_at'], 'verbose_name': 'DM channel'},
        ),
        migrations.AlterModelOptions(
            name='voicestay',
            options={'ordering': ['since'], 'verbose_name': 'voice session'},
        ),
        migrations.AlterModelOptions(
            name='voicewatch',
            options={'ordering': ['-since'], 'verbose_name': 'voice observation'},
        ),
        migrations.AlterField(
            model_name='directline',
            name='asked_at',
            field=models.DateTimeField(blank=True, db_index=True, null=True, verbose_name='channel requested at'),
        ),
        migrations.AlterField(
            model_name='directline',
            name='closed_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='refused at'),
        ),
        migrations.AlterField(
            model_name='directline',
            name='discord_id',
            field=models.BigIntegerField(primary_key=True, serialize=False, verbose_name='Discord ID'),
        ),
        migrations.AlterField(
            model_name='directline',
            name='why_closed',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='adopted',
            field=models.BooleanField(default=False, verbose_name='imported'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='gone_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='deleted at'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='made_at',
            field=models.DateTimeField(default=django.utils.timezone.now, verbose_name='created at'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='name_answered',
            field=models.CharField(blank=True, max_length=100, verbose_name='name in Discord'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='name_sent',
            field=models.CharField(blank=True, max_length=100, verbose_name='name sent to Discord'),
        ),
        migrations.AlterField(
            model_name='discordobject',
            name='outside_id',
            field=models.BigIntegerField(blank=True, null=True, unique=True, verbose_name='Discord ID'),
        ),
        migrations.AlterField(
            model_name='voicestay',
            name='discord_id',
            field=models.BigIntegerField(verbose_name='Discord ID'),
        ),
    ]
