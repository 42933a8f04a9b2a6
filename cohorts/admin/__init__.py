"""Django admin for courses, cohorts, groups, people and memberships."""

from cohorts.admin import (  # noqa: F401
    access,
    courses,
    groups,
    installation,
    memberships,
    people,
    refused_sign_ins,
)
