"""The admin for facts: courses, cohorts, groups, people and who is in which group."""

from cohorts.admin import access, courses, groups, installation, memberships, people  # noqa: F401
