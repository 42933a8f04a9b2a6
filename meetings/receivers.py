"""Signal receivers: update meetings when groups change, and announce changes of meetings."""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver

from cohorts import clock
from cohorts.signals import Changes, Fact, announce, facts_changed
from meetings.models import Meeting
from meetings.services import update_meetings


@receiver(facts_changed)
def update_meetings_of_groups(changes: Changes, **_: Any) -> None:
    """Update the meetings of groups whose slot, term or status has changed.

    Not announced again: whatever depends on meetings depends on these facts too.
    """
    if changes[Fact.GROUP]:
        update_meetings(changes[Fact.GROUP], now=clock.now())


@receiver([post_save, post_delete], sender=Meeting)
def announce_group_of_meeting(instance: Meeting, **_: Any) -> None:
    announce([instance.group_id], Fact.MEETINGS)
