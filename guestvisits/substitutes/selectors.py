"""Queries on substitutions, one function per question."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.urls import reverse

from cohorts.models import User
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.substitute_rules import CORRECTS_FOR, OFFERS_END, RETURN_UNTIL
from guestvisits.windows import substitute_window
from meetings.models import Meeting
from meetings.registries import MeetingLeader
from meetings.selectors import MAX_DURATION

LED = Q(answer=SubstituteOffer.Answer.YES, ended_at__isnull=True)


@dataclass(frozen=True, slots=True)
class SubstitutionStatus:
    """A substitution as one person sees it: its facilitator, or someone who was asked.

    `offer` is the person's own, None for the facilitator; `substitute` leads the meeting.
    """

    substitution: Substitution
    is_away: bool
    offer: SubstituteOffer | None
    substitute: User | None
    now: datetime

    @property
    def meeting(self) -> Meeting:
        return self.substitution.meeting

    @property
    def leads(self) -> bool:
        return self.offer is not None and self.offer.leads

    @property
    def has_begun(self) -> bool:
        return self.meeting.starts_at <= self.now

    @property
    def may_answer(self) -> bool:
        """Return whether the person may still say that they lead it."""
        return (
            self.offer is not None
            and self.offer.ended_at is None
            and self.substitution.is_open
            and self.substitute is None
            and self.now < self.meeting.starts_at - OFFERS_END
        )

    @property
    def may_withdraw(self) -> bool:
        return self.leads and self.substitution.is_open and not self.has_begun

    @property
    def may_return(self) -> bool:
        too_late = self.substitute and self.now > self.meeting.starts_at - RETURN_UNTIL
        is_ahead = self.substitution.is_open and not self.has_begun
        return self.is_away and is_ahead and not too_late

    @property
    def sees_people(self) -> bool:
        return self.offer is not None and sees_people(self.offer, self.now)


def my_substitutions(user_id: int, now: datetime) -> list[SubstitutionStatus]:
    """Return what concerns a person now, earliest meeting first. Two queries, one if there is none.

    Their own requests, meetings that they lead until they can no longer correct attendance, and
    offers that they have not answered.
    """
    asked = SubstituteOffer.objects.filter(user=user_id)
    pending = asked.filter(answer="", substitution__ended_at__isnull=True)
    rows = with_offers().filter(
        Q(away=user_id, ended_at__isnull=True)
        | Q(pk__in=pending.values("substitution"))
        | Q(pk__in=asked.filter(LED).values("substitution")),
        meeting__starts_at__gt=now - CORRECTS_FOR - MAX_DURATION,
    )
    found = [_status(row, user_id, now) for row in rows.order_by("meeting__starts_at", "pk")]
    return [
        mine
        for mine in found
        if (mine.is_away and not mine.has_begun)
        or mine.may_answer
        or (mine.leads and now < mine.meeting.ends_at + CORRECTS_FOR)
    ]


def find_led_of_group(user_id: int, group_id: int, now: datetime) -> Substitution | None:
    """Return the substitution by which a person leads a meeting of this group, the next one or, if
    there is none ahead, the last."""
    mine = [each for each in my_substitutions(user_id, now) if each.leads]
    led = [each for each in mine if each.meeting.group_id == group_id]
    ahead = [each for each in led if each.meeting.ends_at > now]
    return next((each.substitution for each in [*ahead, *reversed(led)]), None)


def find_status(user_id: int, substitution_id: int, now: datetime) -> SubstitutionStatus | None:
    """Return a substitution as this person sees it; None if it does not concern them."""
    row = with_offers().filter(pk=substitution_id).first()
    if row is None:
        return None
    status = _status(row, user_id, now)
    return status if status.is_away or status.offer else None


def open_substitutions(meetings: Iterable[Meeting]) -> dict[int, Substitution]:
    """Return the open substitutions of these meetings, by meeting id. Two queries."""
    rows = with_offers().filter(meeting__in=list(meetings), ended_at__isnull=True)
    return {row.meeting_id: row for row in rows}


def substitute_of(substitution: Substitution) -> User | None:
    """Return who leads the meeting. The offers should be prefetched."""
    return next((offer.user for offer in substitution.offers.all() if offer.leads), None)


def find_substitutes(meeting_ids: Collection[int]) -> dict[int, list[MeetingLeader]]:
    """Return the substitutes who lead these meetings, by meeting id. One query."""
    led = SubstituteOffer.objects.filter(
        LED,
        substitution__meeting__in=meeting_ids,
        substitution__ended_at__isnull=True,
        user__is_active=True,
    )
    found: dict[int, list[MeetingLeader]] = defaultdict(list)
    for offer in led.select_related("user", "substitution").order_by("pk"):
        page = reverse("substitution", args=[offer.substitution_id])
        found[offer.substitution.meeting_id].append(MeetingLeader(offer.user, page))
    return found


def find_led(user_id: int, meeting_id: int, now: datetime) -> Substitution | None:
    """Return the substitution by which a person may see a meeting's people and, once it has begun,
    correct their attendance."""
    offers = SubstituteOffer.objects.filter(
        LED, user=user_id, substitution__meeting=meeting_id
    ).select_related("substitution__meeting")
    return next((offer.substitution for offer in offers if sees_people(offer, now)), None)


def sees_people(offer: SubstituteOffer, now: datetime) -> bool:
    """Return whether a substitute sees who comes: from the beginning of access to 7 days after."""
    if not offer.leads:
        return False
    until = offer.substitution.meeting.ends_at + CORRECTS_FOR
    return substitute_window(offer).begins_at <= now < until


def with_offers() -> QuerySet[Substitution]:
    """Return all substitutions, with what pages and messages say of them."""
    return Substitution.objects.select_related(
        "away", "meeting__group__cohort__course"
    ).prefetch_related("offers__user")


def _status(row: Substitution, user_id: int, now: datetime) -> SubstitutionStatus:
    own = next((offer for offer in row.offers.all() if offer.user_id == user_id), None)
    if own is not None:
        own.substitution = row
    return SubstitutionStatus(
        substitution=row,
        is_away=row.away_id == user_id,
        offer=own,
        substitute=substitute_of(row),
        now=now,
    )


def find_substitute(substitution: Substitution) -> SubstituteOffer | None:
    """Return the offer of the substitute, if there is one."""
    return substitution.offers.filter(LED).select_related("user").first()
