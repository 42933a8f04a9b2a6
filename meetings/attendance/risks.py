"""Close the signal that someone is at risk."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import record
from meetings.attendance.ledger import read_cohort_records
from meetings.models import DismissedRisk


@transaction.atomic
def dismiss_risks(cohort_id: int, user_ids: Collection[int], *, by: int, now: datetime) -> int:
    """Dismiss the signals of these people until another absence. Return how many there were.

    The caller has checked that `by` is allowed to.
    """
    found = [
        DismissedRisk(
            user_id=record.member.user_id,
            meeting_id=record.open_risk.last_meeting_id,
            dismissed_by_id=by,
            dismissed_at=now,
        )
        for record in read_cohort_records(cohort_id, now)
        if record.open_risk and record.member.user_id in user_ids
    ]
    DismissedRisk.objects.bulk_create(found, ignore_conflicts=True)
    if found:
        record("risks_dismissed", by=by, cohort=cohort_id, people=[row.user_id for row in found])
    return len(found)
