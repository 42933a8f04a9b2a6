"""Django admin for courses, cohorts, groups, people and memberships."""

from cohorts.admin import (  # noqa: F401
    courses,
    groups,
    installation,
    memberships,
    people,
)
