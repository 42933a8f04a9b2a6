"""Admin for visits and substitutes, in which staff decide for people, with a reason."""

from guestvisits.admin.substitutes import SubstitutionAdmin
from guestvisits.admin.visits import GuestVisitAdmin

__all__ = ["GuestVisitAdmin", "SubstitutionAdmin"]
