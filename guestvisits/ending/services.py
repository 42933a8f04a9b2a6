"""Carry out an end, and restore what it had ended.  The caller has locked the groups."""

from datetime import datetime
from typing import Any

from cohorts.models import Cohort, CohortStep, Group, Membership
from cohorts.outbox.models import Message
from cohorts.selectors import begun_erasures
from cohorts.services.groups import end_group
from cohorts.signals import announce, announced_together, groups_reopened, meetings_changed
from cohorts.steps.messages import letter_key
from guestvisits.ending.plans import EndPlan
from meetings.models import Meeting

Status = Membership.Status


def end_all(plan: EndPlan, now: datetime) -> dict[str, Any]:
    """End the plan's groups, and the cohort if it is whole.  Return what reopening restores.

    Visits end after the commit, as their rules say.
    """
    ids = [group.pk for group in plan.groups]
    record = {
        "groups": {str(group.pk): group.status for group in plan.groups},
        "memberships": sorted(member.pk for member in plan.members),
        "meetings": {
            str(one.pk): one.touched_at.isoformat() if one.touched_at else ""
            for one in plan.meetings
        },
        "is_whole": plan.is_whole,
        "ended_at": now.isoformat(),
    }
    with announced_together():
        for group in plan.groups:
            end_group(group.pk, status=plan.status_of(group), now=now)
        Meeting.objects.filter(pk__in=[one.pk for one in plan.meetings]).update(
            status=Meeting.Status.CANCELLED, touched_at=now
        )
        announce(ids, meetings_changed)
        if plan.is_whole:
            _write_cohort(plan.cohort.pk, plan.status, now)
    return record


def restore(end: CohortStep, now: datetime) -> dict[str, Any]:
    """Restore exactly what an end had ended, apart from visits and meetings that are past now."""
    record = end.record
    with announced_together():
        if record["is_whole"]:
            _write_cohort(end.cohort_id, Cohort.Status.OPEN, None)
        for pk, status in record["groups"].items():
            group = Group.objects.get(pk=pk)
            group.status, group.ended_at = status, None
            group.save(update_fields=["status", "ended_at"])
        for member in memberships_to_restore(end):
            member.status, member.left_at, member.left_why = Status.ACTIVE, None, ""
            member.save(update_fields=["status", "left_at", "left_why"])
        _restore_meetings(end, now)
        announce(ended_groups(end), groups_reopened)
    _withdraw_letters(end)
    return {"ended": end.pk}


def _write_cohort(cohort_id: int, status: str, ended_at: datetime | None) -> None:
    cohort = Cohort.objects.get(pk=cohort_id)
    cohort.status, cohort.ended_at = status, ended_at
    cohort.save(update_fields=["status", "ended_at"])


def end_time(end: CohortStep) -> datetime:
    return datetime.fromisoformat(end.record["ended_at"])


def ended_groups(end: CohortStep) -> list[int]:
    return [int(pk) for pk in end.record["groups"]]


def memberships_to_restore(end: CohortStep) -> list[Membership]:
    """Return the memberships that ended with this end, without those whose person has joined
    another group of the cohort since, is being erased or was."""
    elsewhere = Membership.objects.filter(
        cohort=end.cohort_id, status=Status.ACTIVE, role=Membership.Role.PARTICIPANT
    )
    rows = Membership.objects.filter(pk__in=end.record["memberships"], left_at=end_time(end))
    rows = rows.exclude(status=Status.ACTIVE).exclude(user__erasure__in=begun_erasures())
    rows = rows.exclude(role=Membership.Role.PARTICIPANT, user__in=elsewhere.values("user"))
    return list(rows.select_related("user", "group", "cohort").order_by("pk"))


def _restore_meetings(end: CohortStep, now: datetime) -> None:
    meetings = Meeting.objects.filter(
        pk__in=map(int, end.record["meetings"]),
        status=Meeting.Status.CANCELLED,
        touched_at=end_time(end),
        starts_at__gt=now,
    )
    for meeting in meetings:
        touched = end.record["meetings"][str(meeting.pk)]
        meeting.status = Meeting.Status.SCHEDULED
        meeting.touched_at = datetime.fromisoformat(touched) if touched else None
        meeting.save(update_fields=["status", "touched_at"])
    announce(ended_groups(end), meetings_changed)


# A letter that is being sent can no longer be stopped.
_ON_ITS_WAY = (Message.State.SENDING, Message.State.SENT, Message.State.UNSURE)


def who_got_the_letter(end: CohortStep) -> set[int]:
    """Return the people who have, or may have, the ending letter."""
    keys = {letter_key(end.pk, int(pk)): int(pk) for pk in end.letters}
    sent = Message.objects.filter(key__in=keys, state__in=_ON_ITS_WAY)
    return {keys[key] for key in sent.values_list("key", flat=True)}


def _withdraw_letters(end: CohortStep) -> None:
    """Keep letters that were not sent from being sent: they would say what no longer holds."""
    got = who_got_the_letter(end)
    end.letters = {pk: values for pk, values in end.letters.items() if int(pk) in got}
    end.posts = {}
    end.save(update_fields=["letters", "posts"])
