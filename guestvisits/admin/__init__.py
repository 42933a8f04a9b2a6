"""Visits in the admin: staff read them all, book and cancel for somebody, and say why."""

from guestvisits.admin.visits import GuestVisitAdmin

__all__ = ["GuestVisitAdmin"]
