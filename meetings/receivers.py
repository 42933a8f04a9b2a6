"""Signal receivers: update meetings when groups change, and announce changes of meetings."""

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from cohorts import clock
from cohorts.signals import announce, group_changed, meetings_changed
from meetings.models import Meeting
from meetings.services import update_meetings


@receiver(group_changed)
def update_meetings_of_groups(group_ids: set[int], **_: Any) -> None:
    """Update the meetings, without announcing them: what depends on them depends on groups too."""
    update_meetings(group_ids, now=clock.now())


@receiver([post_save, post_delete], sender=Meeting)
def announce_group_of_meeting(instance: Meeting, **_: Any) -> None:
    announce([instance.group_id], meetings_changed)
