from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('bot', '0002_commands_trouble'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='botheartbeat',
            options={'ordering': ['-started_at'], 'verbose_name': 'bot process', 'verbose_name_plural': 'bot processes'},
        ),
        migrations.AlterModelOptions(
            name='botreply',
            options={'ordering': ['asked_at'], 'verbose_name': 'pending reply', 'verbose_name_plural': 'pending replies'},
        ),
        migrations.AlterModelOptions(
            name='guildstay',
            options={'ordering': ['-joined_at'], 'verbose_name': 'server membership', 'verbose_name_plural': 'server memberships'},
        ),
        migrations.AlterField(
            model_name='botheartbeat',
            name='commands_trouble',
            field=models.CharField(blank=True, max_length=40, verbose_name='problem with commands'),
        ),
        migrations.AlterField(
            model_name='botheartbeat',
            name='heard_at',
            field=models.DateTimeField(blank=True, null=True, verbose_name='last seen'),
        ),
        migrations.AlterField(
            model_name='botheartbeat',
            name='trouble',
            field=models.CharField(blank=True, max_length=40, verbose_name='problem'),
        ),
    ]
