"""The admin for meetings: what is to be held, what was done to it, moving it, and who was there."""

from meetings.admin import attendances, meetings  # noqa: F401
