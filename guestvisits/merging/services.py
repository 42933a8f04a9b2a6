"""Write a merge."""

from datetime import datetime

from cohorts.models import CohortStep, Group, Membership
from cohorts.services.groups import end_group
from cohorts.services.locks import lock_people
from cohorts.services.memberships import moved_to, write_end
from cohorts.signals import announce, members_changed
from guestvisits.merging.merge_plan import MergePlan, MovedVisit
from meetings.models import Attendance

Rsvp = Attendance.Rsvp
Status = Membership.Status


def write_merge(plan: MergePlan, step: CohortStep, now: datetime) -> None:
    """Move the people and visits, and end the source. The caller holds the groups' locks."""
    lock_people({one.user_id for one in (*plan.movers, *plan.leavers)})
    if plan.new_size is not None:
        plan.target.size = plan.new_size
        plan.target.save(update_fields=["size"])
    for moved in plan.visits:
        _move_visit(moved, now)
    for old in plan.movers:
        write_end(old, Status.MOVED, now, moved_to(plan.target.name))
        Membership.objects.create(
            user=old.user, group=plan.target, role=old.role, joined_at=now, step=step
        )
    for old in plan.leavers:
        write_end(old, Status.MOVED, now, f"{plan.source} was merged into {plan.target}")
    end_group(plan.source.pk, status=Group.Status.MERGED, now=now)
    announce([plan.source.pk, plan.target.pk], members_changed)


def _move_visit(moved: MovedVisit, now: datetime) -> None:
    """Let a visit be to another meeting of the same week, with the guest expected there."""
    visit = moved.visit
    Attendance.objects.filter(
        meeting=visit.host_meeting_id, user=visit.user_id, is_guest=True
    ).delete()
    visit.host_meeting, visit.chosen_start = moved.to, moved.to.starts_at
    visit.save(update_fields=["host_meeting", "chosen_start"])
    Attendance.objects.update_or_create(
        meeting=moved.to,
        user_id=visit.user_id,
        defaults={"is_guest": True, "rsvp": Rsvp.ATTENDING, "rsvp_at": now},
    )
