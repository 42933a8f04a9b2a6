"""The admin for meetings: what is to be held, what was done to it, and moving it."""

from meetings.admin import meetings  # noqa: F401
