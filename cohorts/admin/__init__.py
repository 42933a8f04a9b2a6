"""The admin for facts: courses, cohorts, groups, people and who is in which group."""

from cohorts.admin import (  # noqa: F401
    access,
    courses,
    groups,
    installation,
    memberships,
    people,
    sign_ins,
)
