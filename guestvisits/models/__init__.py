"""Guest visits, and substitutes for facilitators."""

from guestvisits.models.visits import GuestVisit

__all__ = ["GuestVisit"]
