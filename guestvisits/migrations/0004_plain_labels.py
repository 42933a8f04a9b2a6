"""Labels in plain words. Nothing in the database changes."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('guestvisits', '0003_home_group_ended'),
    ]

    operations = [
        migrations.AlterField(
            model_name='guestvisit',
            name='chosen_start',
            field=models.DateTimeField(editable=False, verbose_name='start when booked'),
        ),
        migrations.AlterField(
            model_name='guestvisit',
            name='ended_why',
            field=models.CharField(blank=True, max_length=300, verbose_name="staff's reason for ending"),
        ),
        migrations.AlterField(
            model_name='guestvisit',
            name='overruled',
            field=models.CharField(blank=True, max_length=200, verbose_name='overruled rules'),
        ),
        migrations.AlterField(
            model_name='guestvisit',
            name='overruled_why',
            field=models.CharField(blank=True, max_length=300, verbose_name='reason for overruling'),
        ),
    ]
