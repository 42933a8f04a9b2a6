"""Guest visits, and substitutes for facilitators."""

from guestvisits.models.substitutes import SubstituteOffer, Substitution
from guestvisits.models.visits import GuestVisit

__all__ = ["GuestVisit", "SubstituteOffer", "Substitution"]
