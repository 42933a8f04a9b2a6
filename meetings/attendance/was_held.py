"""Whether a meeting at which almost no one was seen was held: groups also meet somewhere else."""

from datetime import datetime, timedelta

from django.db import transaction

from cohorts.activity.recording import record
from cohorts.errors import Refusal
from meetings.attendance.corrections import lock_past_meeting
from meetings.models import Meeting

ASK_STAFF_AFTER = timedelta(hours=24)  # the facilitator is asked at once


@transaction.atomic
def answer_was_held(meeting_id: int, *, answer: str, by: int, now: datetime) -> Meeting:
    """Record whether a meeting was held. `answer` is a value of `Meeting.Held`.

    The caller has checked that `by` is allowed to. Raises Refusal: bad_answer, meeting_running, and
    those of `lock_past_meeting`.
    """
    if answer not in Meeting.Held.values:
        raise Refusal("bad_answer", "Choose one of the answers.")
    meeting = lock_past_meeting(meeting_id, now)
    if meeting.ends_at > now:
        raise Refusal("meeting_running", f"{meeting} is not over yet.")
    before = meeting.get_was_held_display()
    meeting.was_held, meeting.was_held_by_id, meeting.was_held_at = answer, by, now
    # Providers depend on none of this, so the group's change is not announced.
    fields = {"was_held": answer, "was_held_by": by, "was_held_at": now}
    Meeting.objects.filter(pk=meeting.pk).update(**fields)
    changes = {meeting.title: [before, Meeting.Held(answer).label]}
    record("was_held_answered", by=by, group=meeting.group, about=meeting, changes=changes)
    return meeting
