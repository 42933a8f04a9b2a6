"""What staff can do with a group, on its page: only what they may do, and what would be accepted.

act                                  needs permission to                  while the group
-----------------------------------  -----------------------------------  --------------------
Change weekly time                   change meetings                      lives, has a slot
Add an extra session                 change meetings                      lives
Add a person                         add people and memberships           lives
Move people                          change memberships                   lives
Merge into…, End…                    those of the step                    lives
Activity                             see the activity
Settings                             view groups
"""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse

from cohorts.activity.registry import SEE_ACTIVITY
from cohorts.admin_base.links import SEE_COHORT
from cohorts.models import Group, User
from cohorts.steps.registry import step_kinds
from cohorts.web.access import staff_may
from guestvisits.ending import END
from guestvisits.merging import MERGE
from meetings.access import MOVE

ADD_PERSON = ("cohorts.add_membership", "cohorts.add_user")
CHANGE_MEMBERS = ("cohorts.change_membership",)
SEE_COHORT_ACTIVITY = (*SEE_COHORT, *SEE_ACTIVITY)
SETTINGS = ("cohorts.view_group",)


@dataclass(frozen=True, slots=True)
class GroupAct:
    """A link to the page that does it."""

    title: str
    url: str


def list_acts(user: User, group: Group) -> list[GroupAct]:
    """Return what the user can do with the group, whose cohort must be loaded."""
    return [act for act, needed in _acts(group) if staff_may(user, *needed)]


def _acts(group: Group) -> Iterator[tuple[GroupAct, tuple[str, ...]]]:
    if not group.has_ended:
        yield from _acts_on_living(group)
    activity = reverse("admin:cohort_activity", args=[group.cohort_id])
    yield GroupAct("Activity", f"{activity}?{urlencode({'group': group.pk})}"), SEE_COHORT_ACTIVITY
    yield GroupAct("Settings", reverse("admin:cohorts_group_change", args=[group.pk])), SETTINGS


def _acts_on_living(group: Group) -> Iterator[tuple[GroupAct, tuple[str, ...]]]:
    back = {"next": reverse("group", args=[group.pk])}
    if group.has_slot:
        slot = reverse("admin:meetings_group_move", args=[group.pk, "slot"])
        yield GroupAct("Change weekly time", slot), MOVE
    extra = reverse("admin:meetings_group_move", args=[group.pk, "add"])
    yield GroupAct("Add an extra session", extra), MOVE
    add = reverse("admin:cohorts_membership_add_person")
    query = urlencode({"group": group.pk, **back})
    yield GroupAct("Add a person", f"{add}?{query}"), ADD_PERSON
    members = reverse("admin:cohorts_membership_changelist")
    query = urlencode({"group__id__exact": group.pk, "status__exact": "active"})
    yield GroupAct("Move people", f"{members}?{query}"), CHANGE_MEMBERS
    yield (
        GroupAct("Merge into…", _step(group, MERGE, {"source": group.pk})),
        step_kinds[MERGE].permissions,
    )
    yield GroupAct("End…", _step(group, END, {"groups": group.pk})), step_kinds[END].permissions


def _step(group: Group, kind: str, parameters: dict[str, int]) -> str:
    page = reverse("admin:cohorts_cohort_step", args=[group.cohort_id, kind])
    return f"{page}?{urlencode(parameters)}"
