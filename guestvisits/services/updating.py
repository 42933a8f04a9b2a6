"""Updates of open visits when the data around them changes (rules: guestvisits.lifecycle)."""

import logging
from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import acting_as, record
from cohorts.models import Group
from cohorts.services.locks import lock_groups
from cohorts.signals import announce, announced_together
from guestvisits.facts import read_open_visits
from guestvisits.lifecycle import next_transition
from guestvisits.models import GuestVisit
from guestvisits.services.booking import decline_home
from guestvisits.services.ending import end_visit
from meetings.models import Meeting

logger = logging.getLogger(__name__)


def update_all_visits(now: datetime) -> int:
    """Close visits that are over, and update those affected by changes that were not announced.

    Called by a periodic task. Two queries if nothing is to be done. Access does not depend on it,
    since windows depend on dates alone. Returns how many visits changed.
    """
    due = [visit for visit, facts in read_open_visits() if next_transition(facts, now)]
    changed = 0
    for group_id in sorted({visit.host_meeting.group_id for visit in due}):
        try:
            changed += update_visits([group_id], now=now)
        except Exception:  # it is tried again in a minute, and stops no other group
            logger.exception("The visits of group %s could not be updated", group_id)
    return changed


@transaction.atomic
def update_visits(group_ids: Collection[int], *, now: datetime) -> int:
    """End or keep the open visits from and to these groups and of their members, as the rules say.

    Locks the groups before reading, so it waits for concurrent bookings. Returns how many visits
    changed.
    """
    lock_groups(Group.objects.filter(pk__in=group_ids).values_list("pk", flat=True))
    changed = 0
    with announced_together(), acting_as(None):
        for visit, facts in read_open_visits(group_ids):
            transition = next_transition(facts, now)
            if transition.end:
                end_visit(visit, transition.end, now=now)
                changed += 1
            elif transition.new_home_group_id:
                changed += _change_home(visit, transition.new_home_group_id, now)
    return changed


def _change_home(visit: GuestVisit, group_id: int, now: datetime) -> bool:
    """Change the home meeting to the new group's of that number. Return whether it exists."""
    number = visit.host_meeting.number
    meetings = Meeting.objects.filter(group=group_id, number=number, number__isnull=False)
    home = meetings.select_related("group").first()
    if home is None:
        return False
    announce([visit.home_meeting.group_id])  # the group that was left; saving announces the others
    left = visit.home_meeting.group
    visit.home_meeting = home
    visit.save(update_fields=["home_meeting"])
    decline_home(visit, now)
    record(
        "visit_home_changed",
        groups=[home.group, visit.host_meeting.group],
        person=visit.user_id,
        about=visit,
        changes={"Group": [left, home.group]},
    )
    return True
