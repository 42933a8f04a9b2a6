"""Courses, cohorts, groups, people and memberships: the facts that everything else derives from."""

from cohorts.models.activity import ActivityEntry, ActivitySubject
from cohorts.models.courses import Cohort, Course, Group, active_group, live_group, set_up_group
from cohorts.models.installation import Installation, Seal
from cohorts.models.memberships import AccessException, AccessState, Membership
from cohorts.models.people import ErasureRequest, User
from cohorts.models.roster import RosterImport
from cohorts.models.sign_ins import AccountEmail, FormerAddress, RefusedSignIn
from cohorts.models.steps import CohortStep

__all__ = [
    "AccessException",
    "AccessState",
    "AccountEmail",
    "ActivityEntry",
    "ActivitySubject",
    "Cohort",
    "CohortStep",
    "Course",
    "ErasureRequest",
    "FormerAddress",
    "Group",
    "Installation",
    "Membership",
    "RefusedSignIn",
    "RosterImport",
    "Seal",
    "User",
    "active_group",
    "live_group",
    "set_up_group",
]
