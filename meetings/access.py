"""Permissions on a group's meetings, shared by the pages, the API and the admin.

    action        facilitators    staff with permission to
    SEE_FIGURES   their groups    view meetings (the admin's list shows the same figures)
    SEE_PEOPLE    their groups    view meetings, attendance and visits
    SEE_GROUP     their groups    view all of these, and groups and memberships
    MOVE          their groups    change meetings
    CORRECT       their groups    change attendance

Only facilitators write to those at risk from their group's page; staff do it from the cohort's.
A substitute has SEE_PEOPLE and CORRECT for one meeting (`guestvisits.substitutes.selectors`).

For everyone else the group and its meetings do not exist (404).
"""

from collections.abc import Sequence

from cohorts.models import User
from cohorts.web.access import staff_may
from meetings.selectors import facilitates, may_read_as_facilitator

Act = tuple[str, ...]

MOVE: Act = ("meetings.change_meeting",)
CORRECT: Act = ("meetings.change_attendance",)
SEE_FIGURES: Act = ("meetings.view_meeting",)
SEE_PEOPLE: Act = (*SEE_FIGURES, "meetings.view_attendance", "guestvisits.view_guestvisit")
SEE_GROUP: Act = (*SEE_PEOPLE, "cohorts.view_group", "cohorts.view_membership")


def may(user: User, act: Act, group_id: int) -> bool:
    """Return whether the user may perform this action on the meetings of this group."""
    return may_each(user, [act], group_id)[0]


def may_see_group(user: User, group_id: int) -> bool:
    """Return whether the user may read a group's page. Facilitators may even after its end."""
    return staff_may(user, *SEE_GROUP) or may_read_as_facilitator(user, group_id)


def may_each(user: User, acts: Sequence[Act], group_id: int) -> list[bool]:
    """Return whether the user may perform each of several actions. One query for all of them."""
    as_staff = [staff_may(user, *act) for act in acts]
    leads = not all(as_staff) and facilitates(user, group_id)
    return [leads or allowed for allowed in as_staff]
