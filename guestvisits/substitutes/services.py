"""Services for substitutes: requesting, answering, returning, naming someone, and updates."""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet

from cohorts.activity.recording import acting_as, one_act, record
from cohorts.errors import Refusal
from cohorts.services.locks import lock_groups, lock_people
from cohorts.signals import announce
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.answer_checks import check_ahead, check_free, check_may_lead
from guestvisits.substitutes.facts import (
    find_told_closed,
    has_coming_facilitator,
    has_left_course,
    leading,
    others_who_come,
    rank_candidates,
    read_candidates,
    read_facts,
)
from guestvisits.substitutes.selectors import LED, find_substitute
from guestvisits.substitutes.substitute_rules import (
    OFFERS_END,
    RETURN_UNTIL,
    find_end,
    may_ask,
    next_to_ask,
)
from meetings.models import Attendance, Meeting
from meetings.rsvps import set_rsvp

logger = logging.getLogger(__name__)

Answer = SubstituteOffer.Answer
End = Substitution.End
Rsvp = Attendance.Rsvp


@transaction.atomic
def request_substitute(meeting_id: int, user_id: int, *, now: datetime) -> Substitution:
    """Look for someone to lead a meeting that its facilitator can't lead, and ask the first ones.

    Also declines the meeting for the facilitator. Repeating a request changes nothing. Raises
    Refusal: no_meeting, already_requested, other_facilitator, and those of `set_rsvp`.
    """
    meeting = _lock_meeting(meeting_id)
    if meeting is None or not leading(meeting.group_id).filter(user=user_id).exists():
        raise Refusal("no_meeting", "There is no such meeting among those of your groups.")
    open_one = _open().filter(meeting=meeting).select_related("away").first()
    if open_one is not None and open_one.away_id != user_id:
        raise Refusal(
            "already_requested", f"{open_one.away} has already asked for a substitute for it."
        )
    if open_one is not None:
        return open_one
    others = others_who_come(meeting, user_id)
    if others:
        raise Refusal(
            "other_facilitator",
            f"{others[0]} also leads {meeting.group} and has not declined this meeting, so no "
            "substitute is needed. Answer that you can't attend instead.",
        )
    with one_act("substitute_requested") as act:
        act.concern(groups=[meeting.group], people=[user_id])
        set_rsvp(meeting.pk, user_id, Rsvp.NOT_ATTENDING, now=now)
        act.about = begun = _begin(meeting, user_id, now)
    return begun


@transaction.atomic
def answer_offer(offer_id: int, user_id: int, *, leads: bool, now: datetime) -> SubstituteOffer:
    """Record whether a person who was asked leads the meeting. The first yes gets it.

    A substitute who then says no withdraws, and the search goes on. Repeating an answer changes
    nothing. Raises Refusal: no_offer, over, taken, not_able, too_late, busy, meeting_begun.
    """
    offer = _lock_offer(offer_id, user_id)
    if offer.leads == leads and (leads or offer.answer == Answer.NO or offer.ended_at):
        return offer
    substitution = offer.substitution
    if not substitution.is_open:
        why = substitution.get_end_reason_display()
        raise Refusal("over", f"This no longer needs an answer: {why}.")
    if leads:
        check_may_lead(offer, now)
        _accept(offer, now)
    elif offer.leads:
        check_ahead(substitution.meeting, now)
        _release(substitution, now)
        _ask_anew(substitution, now)
    else:
        offer.answer, offer.answered_at = Answer.NO, now
        offer.save(update_fields=["answer", "answered_at"])
    record(
        "substitute_answered",
        group=substitution.meeting.group,
        people=[user_id, substitution.away_id],
        about=substitution,
        changes={"Leads the meeting": ["", leads]},
    )
    announce([substitution.meeting.group_id])
    return offer


@transaction.atomic
def return_to_lead(substitution_id: int, user_id: int, *, now: datetime) -> Substitution:
    """End the search or the substitution: the facilitator can lead the meeting after all.

    Raises Refusal: no_substitution, too_late, meeting_begun.
    """
    substitution = _lock(substitution_id)
    if substitution is None or substitution.away_id != user_id:
        raise no_substitution()
    if not substitution.is_open:
        return substitution
    meeting = substitution.meeting
    check_ahead(meeting, now)
    if find_substitute(substitution) and now > meeting.starts_at - RETURN_UNTIL:
        raise Refusal(
            "too_late",
            "It is less than 2 hours before the meeting, so your substitute leads it.",
        )
    with one_act("substitute_returned", about=substitution):
        _end(substitution, End.RETURNED, now)
        set_rsvp(meeting.pk, user_id, Rsvp.ATTENDING, now=now)
    return substitution


@transaction.atomic
def name_substitute(
    substitution_id: int, user_id: int, *, by: int, now: datetime
) -> SubstituteOffer:
    """Record that staff (`by`) found someone who leads the meeting, until it is over.

    Raises Refusal: no_substitution, taken, meeting_over, not_able, busy.
    """
    substitution = _lock(substitution_id)
    if substitution is None or not substitution.is_open:
        raise Refusal("no_substitution", "This meeting needs no substitute any more.")
    meeting = substitution.meeting
    if meeting.ends_at <= now:
        raise Refusal("meeting_over", f"{meeting} is over.")
    if user_id not in {candidate.user_id for candidate in read_candidates(meeting, now)}:
        raise Refusal("not_able", "Choose an active facilitator of this course.")
    lock_people([user_id])
    offer, _ = SubstituteOffer.objects.get_or_create(
        substitution=substitution, user_id=user_id, defaults={"offered_at": now}
    )
    if offer.leads:
        return offer
    check_free(substitution, user_id)
    offer.named_by_id, offer.ended_at = by, None
    _accept(offer, now)
    record(
        "substitute_named",
        by=by,
        group=meeting.group,
        people=[substitution.away_id, user_id],
        about=substitution,
        changes={"Leads": [{"person": substitution.away_id}, {"person": user_id}]},
    )
    announce([meeting.group_id])
    return offer


def no_substitution() -> Refusal:
    return Refusal("no_substitution", "There is no such request of yours.")


# -- updates -------------------------------------------------------------------------------------


def update_all_substitutions(now: datetime) -> int:
    """End substitutions and ask the next people, where either is due. Every minute.

    Access does not depend on it, since it follows from dates alone. One query if none is open.
    Returns how many changed.
    """
    return update_substitutions(_open().values_list("meeting__group", flat=True), now=now)


def update_substitutions(group_ids: Iterable[int], *, now: datetime) -> int:
    """Update the open substitutions of these groups. Each is a transaction of its own; one that
    fails is logged."""
    ids = set(group_ids)
    found = list(_open().filter(meeting__group__in=ids)) if ids else []
    changed = 0
    for substitution in found:
        try:
            changed += _update(substitution.pk, now)
        except Exception:  # it is tried again in a minute, and stops no other
            logger.exception("Substitution %s could not be updated", substitution.pk)
    return changed


@transaction.atomic
def _update(substitution_id: int, now: datetime) -> bool:
    substitution = _lock(substitution_id)
    if substitution is None or not substitution.is_open:
        return False
    reason = find_end(read_facts(substitution), now)
    if reason:
        _end(substitution, reason, now)
        if reason == End.MEETING_MOVED:
            _begin_again(substitution, now)
        return True
    if _returned(substitution, now):
        _end(substitution, End.RETURNED, now)
        return True
    if _release_lost(substitution, now):
        _ask_anew(substitution, now)
        return True
    return _ask(substitution, now)


def _returned(substitution: Substitution, now: datetime) -> bool:
    """Return whether a facilitator of the group has answered that they come after all, in time."""
    meeting = substitution.meeting
    until = meeting.starts_at
    if find_substitute(substitution):
        until -= RETURN_UNTIL
    return now <= until and has_coming_facilitator(meeting)


def _begin_again(ended: Substitution, now: datetime) -> None:
    """Search for the meeting's new time, if its facilitator is still away from it."""
    meeting = ended.meeting
    if meeting.starts_at <= now or others_who_come(meeting, ended.away_id):
        return
    if not leading(meeting.group_id).filter(user=ended.away_id).exists():
        return
    led = ended.offers.filter(answer=Answer.YES, ended_at=now).first()
    _begin(meeting, ended.away_id, now, asked_first=led.user_id if led else None)


def _release_lost(substitution: Substitution, now: datetime) -> bool:
    """Release a substitute whose account was closed or who left the course."""
    led = find_substitute(substitution)
    course_id = substitution.meeting.group.cohort.course_id
    if led is None or (led.user.is_active and not has_left_course(led.user, course_id)):
        return False
    _release(substitution, now)
    return True


# -- writing; the caller holds the group's lock ----------------------------------------------------


def _begin(
    meeting: Meeting, away_id: int, now: datetime, *, asked_first: int | None = None
) -> Substitution:
    substitution = Substitution.objects.create(
        meeting=meeting,
        away_id=away_id,
        chosen_start=meeting.starts_at,
        requested_at=now,
        asked_first_id=asked_first,
    )
    _ask(substitution, now)
    announce([meeting.group_id])
    return substitution


def _ask_anew(substitution: Substitution, now: datetime) -> None:
    """Ask again, after a substitute was lost: the next people, and those who were told that no
    answer is needed any more."""
    _ask(substitution, now)
    if now >= substitution.meeting.starts_at - OFFERS_END:
        return
    able = rank_candidates(substitution.meeting, now)
    told = find_told_closed(substitution)
    substitution.offers.filter(pk__in=told, answer="", user__in=able).update(offered_at=now)


def _ask(substitution: Substitution, now: datetime) -> bool:
    """Write the offers that are due. Return whether there were any."""
    if find_substitute(substitution):
        return False
    offers = list(substitution.offers.all())
    asked = [offer.offered_at for offer in offers]
    starts_at = substitution.meeting.starts_at
    if not may_ask(max(asked, default=None), starts_at, now):
        return False  # finding the next people costs eight queries, every minute
    due = next_to_ask(
        rank_candidates(substitution.meeting, now),
        asked={offer.user_id for offer in offers},
        last_asked_at=max(asked, default=None),
        asked_first=substitution.asked_first_id,
        starts_at=starts_at,
        now=now,
    )
    SubstituteOffer.objects.bulk_create(
        SubstituteOffer(substitution=substitution, user_id=user_id, offered_at=now)
        for user_id in due
    )
    if due:
        _record("substitute_asked", substitution, people=due)
        announce([substitution.meeting.group_id])
    return bool(due)


def _record(
    kind: str, substitution: Substitution, *, people: Iterable[int] = (), reason: str = ""
) -> None:
    """Record what Lens does by itself, or what is a part of someone's act."""
    with acting_as(None):
        record(
            kind,
            group=substitution.meeting.group,
            people=[substitution.away_id, *people],
            about=substitution,
            reason=reason,
        )


def _accept(offer: SubstituteOffer, now: datetime) -> None:
    led = find_substitute(offer.substitution)
    if led is not None:
        raise Refusal("taken", f"{led.user} already leads this meeting. Thank you for your answer.")
    offer.answer, offer.answered_at = Answer.YES, now
    offer.save(update_fields=["answer", "answered_at", "named_by", "ended_at"])


def _release(substitution: Substitution, now: datetime) -> None:
    if substitution.offers.filter(LED).update(ended_at=now):
        announce([substitution.meeting.group_id])


def _end(substitution: Substitution, reason: str, now: datetime) -> None:
    substitution.ended_at, substitution.end_reason = now, reason
    substitution.save(update_fields=["ended_at", "end_reason"])
    _record("substitution_ended", substitution, reason=End(reason).label)
    if reason != End.OVER:
        _release(substitution, now)
    announce([substitution.meeting.group_id])


# -- locks ------------------------------------------------------------------------------


def _open() -> QuerySet[Substitution]:
    return Substitution.objects.filter(ended_at__isnull=True).order_by("pk")


def _lock_meeting(meeting_id: int) -> Meeting | None:
    meetings = Meeting.objects.select_related("group__cohort")
    meeting = meetings.filter(pk=meeting_id).first()
    if meeting is None:
        return None
    lock_groups([meeting.group_id])
    return meetings.get(pk=meeting_id)


def _lock(substitution_id: int) -> Substitution | None:
    rows = Substitution.objects.select_related("meeting__group__cohort", "away")
    substitution = rows.filter(pk=substitution_id).first()
    if substitution is None:
        return None
    lock_groups([substitution.meeting.group_id])
    return rows.get(pk=substitution_id)


def _lock_offer(offer_id: int, user_id: int) -> SubstituteOffer:
    """Lock the group, then the person: two meetings of other groups may be offered at once."""
    rows = SubstituteOffer.objects.filter(pk=offer_id, user=user_id)
    offer = rows.select_related("substitution__meeting").first()
    if offer is None:
        raise Refusal("no_offer", "You were not asked to lead this meeting.")
    lock_groups([offer.substitution.meeting.group_id])
    lock_people([user_id])
    return rows.select_related("substitution__meeting__group__cohort", "substitution__away").get()
