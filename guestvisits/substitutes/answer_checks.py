"""Whether a person may lead a meeting, or take back that they do. The caller holds the locks."""

from datetime import datetime

from cohorts.errors import Refusal
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.facts import find_busy, may_substitute, read_facts, span_of_meeting
from guestvisits.substitutes.selectors import find_substitute
from guestvisits.substitutes.substitute_rules import OFFERS_END, find_end, is_free
from meetings.models import Meeting

End = Substitution.End


def check_may_lead(offer: SubstituteOffer, now: datetime) -> None:
    """Raises Refusal: over, taken, not_able, too_late, busy."""
    substitution = offer.substitution
    meeting = substitution.meeting
    reason = find_end(read_facts(substitution), now)
    if reason:  # the periodic task has not run yet
        raise Refusal("over", f"This no longer needs an answer: {End(reason).label}.")
    led = find_substitute(substitution)
    if led is not None:
        raise Refusal("taken", f"{led.user} already leads this meeting. Thank you for your answer.")
    if offer.ended_at:
        raise Refusal("over", "You have withdrawn from leading this meeting. Ask the staff.")
    if not may_substitute(meeting).filter(pk=offer.user_id).exists():
        raise Refusal("not_able", "Only active facilitators of this course can lead this meeting.")
    if now >= meeting.starts_at - OFFERS_END:
        raise Refusal("too_late", "Offers end 1 hour before the meeting. Contact the staff.")
    check_free(substitution, offer.user_id)


def check_free(substitution: Substitution, user_id: int) -> None:
    """Raises Refusal: busy."""
    meeting = substitution.meeting
    if not is_free(find_busy([user_id], meeting)[user_id], span_of_meeting(meeting)):
        raise Refusal(
            "busy",
            "There is another meeting of this person within 15 minutes of this one: of an own "
            "group, a visit or as a substitute.",
        )


def check_ahead(meeting: Meeting, now: datetime) -> None:
    """Raises Refusal: meeting_begun."""
    if meeting.starts_at <= now:
        raise Refusal("meeting_begun", f"{meeting} has already started.")
