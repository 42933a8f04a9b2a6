"""Who may do what with a group's meetings, asked by the pages, the API and the admin alike.

    act           facilitators    staff, with these permissions
    SEE_FIGURES   their groups    the list of meetings, which shows the same figures
    SEE_PEOPLE    their groups    meetings, attendance, visits
    SEE_GROUP     their groups    the same, groups and memberships
    MOVE          their groups    change meetings
    CORRECT       their groups    change attendance

For everyone else there is no such group and no such meeting.
"""

from __future__ import annotations

from collections.abc import Sequence

from cohorts.access import staff_may
from cohorts.models import User
from meetings.selectors import facilitates, may_read_as_facilitator

Act = tuple[str, ...]

MOVE: Act = ("meetings.change_meeting",)
CORRECT: Act = ("meetings.change_attendance",)
SEE_FIGURES: Act = ("meetings.view_meeting",)
SEE_PEOPLE: Act = (*SEE_FIGURES, "meetings.view_attendance", "guestvisits.view_guestvisit")
SEE_GROUP: Act = (*SEE_PEOPLE, "cohorts.view_group", "cohorts.view_membership")


def may(user: User, act: Act, group_id: int) -> bool:
    """Return whether a person may do this with the meetings of this group."""
    return may_each(user, [act], group_id)[0]


def may_see_group(user: User, group_id: int) -> bool:
    """Return whether a person may read a group's page: facilitators also after the group's end."""
    return staff_may(user, *SEE_GROUP) or may_read_as_facilitator(user, group_id)


def may_each(user: User, acts: Sequence[Act], group_id: int) -> list[bool]:
    """Return the same for several acts, with one query for all of them."""
    as_staff = [staff_may(user, *act) for act in acts]
    leads = not all(as_staff) and facilitates(user, group_id)
    return [leads or allowed for allowed in as_staff]
