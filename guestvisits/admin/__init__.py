"""Admin for visits. Staff can view them, and book and cancel visits for people, with a reason."""

from guestvisits.admin.visits import GuestVisitAdmin

__all__ = ["GuestVisitAdmin"]
