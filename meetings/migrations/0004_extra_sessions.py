"""Remove the number of extra sessions, so that they do not belong to any week."""

from __future__ import annotations

from typing import Any

from django.db import migrations, models
from django.db.models import Max


def unnumber(apps: Any, _schema_editor: Any) -> None:
    """Remove the number of meetings that were added by a move of kind "add"."""
    Meeting = apps.get_model("meetings", "Meeting")
    Meeting.objects.filter(changes__move__kind="add", rhythm_starts_at=None).update(number=None)


def number_again(apps: Any, _schema_editor: Any) -> None:
    Meeting = apps.get_model("meetings", "Meeting")
    for meeting in Meeting.objects.filter(number=None).order_by("starts_at", "pk"):
        others = Meeting.objects.filter(group=meeting.group_id)
        meeting.number = (others.aggregate(last=Max("number"))["last"] or 0) + 1
        meeting.save(update_fields=["number"])


class Migration(migrations.Migration):
    dependencies = [("meetings", "0003_presence")]

    operations = [
        migrations.AlterField(
            model_name="meeting",
            name="number",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.RunPython(unnumber, number_again),
    ]
