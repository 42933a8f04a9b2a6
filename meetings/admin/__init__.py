"""Admin for meetings, their change history, moving them, and attendance."""

from meetings.admin import attendances, meetings  # noqa: F401
