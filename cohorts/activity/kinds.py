"""What people do to courses, cohorts, groups, memberships and accounts."""

from __future__ import annotations

KINDS = {
    "added": "Added",
    "changed": "Changed",
    "deleted": "Deleted",
    "member_added": "Added to a group",
    "member_moved": "Moved to another group",
    "membership_ended": "Membership ended",
    "role_changed": "Role changed",
    "group_ended": "Group ended",
    "roster_imported": "Roster imported",
    "discord_linked": "Discord account linked",
    "zone_changed": "Time zone changed",
    "step_confirmed": "Change of the cohort confirmed",
    "step_undone": "Change of the cohort undone before it took effect",
    "step_carried_out": "Change of the cohort took effect",
    "step_stopped": "Change of the cohort stopped",
}
