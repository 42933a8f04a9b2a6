"""Messages about substitutes.

substitute_question   to a facilitator who declined: whether to look for a substitute
substitute_offer      to each person who is asked; its link opens a page, which asks again
substitute_leads      to the substitute, after the yes
substitute_found      to the facilitator, who leads in their place
substitute_lost       to the facilitator: the substitute withdrew, or the meeting was moved
substitute_closed     to people who were asked and had not answered: no answer is needed any more
substitute_released   to the substitute whose substitution ended early
substitute_missing    to staff, if no one leads the meeting (the cohort's setting, hours before)
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.db.models import OuterRef, Q, QuerySet

from cohorts.models import Membership, User, set_up_group
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    EDITS,
    MessageObsolete,
    Topic,
    message_source,
    notification,
    topics,
)
from cohorts.outbox.rendering.links import page_url
from guestvisits.models import SubstituteOffer, Substitution
from guestvisits.substitutes.facts import CLOSED, TOPIC, leading, others_who_come
from guestvisits.substitutes.selectors import substitute_of, with_offers
from guestvisits.substitutes.substitute_rules import OFFERS_END
from guestvisits.windows import substitute_window
from meetings.models import Attendance, Meeting
from meetings.selectors import expected_at

OFFER, LEADS = "substitute_offer", "substitute_leads"
RELEASED, FOUND, LOST = "substitute_released", "substitute_found", "substitute_lost"
QUESTION, MISSING = "substitute_question", "substitute_missing"
SENT_WITHIN = timedelta(days=2)
QUESTION_AFTER = timedelta(minutes=10)  # of the decline: the page and the bot ask at once
RECENT = timedelta(days=7)

End = Substitution.End

topics.register(
    Topic(
        TOPIC,
        "Substitutes",
        "When another facilitator is away and you could lead the meeting. If you turn this off, "
        "you are not asked.",
        may_be_off=True,
        for_facilitators=True,
    ),
    order=50,
)


@message_source("substitutes")
def pending_substitute_messages(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield the pending messages about substitutions. Three queries, four with an alarm."""
    lately = Q(ended_at__isnull=True) | Q(ended_at__gt=since - RECENT)
    rows = Substitution.objects.filter(lately).select_related("meeting__group__cohort")
    if group_ids is not None:
        rows = rows.filter(meeting__group__in=group_ids)
    found = list(rows.prefetch_related("offers__user").order_by("pk"))
    staff = list(_alarmed_staff()) if found else []
    for row in found:
        for offer in row.offers.all():
            yield from _about_offer(row, offer)
        yield from _alarms(row, staff)


def _about_offer(row: Substitution, offer: SubstituteOffer) -> Iterator[Message]:
    start = row.chosen_start
    if offer.named_by_id is None:
        yield _build(OFFER, offer, offer.user_id, offer.offered_at, start - OFFERS_END)
    if offer.answer == "":
        closed_at = _closed_at(row, offer)
        if closed_at:
            asked = _key(OFFER, offer, offer.offered_at)
            yield _build(CLOSED, offer, offer.user_id, closed_at, start, **{EDITS: asked})
    if offer.answer == "yes" and offer.answered_at:
        yield _build(LEADS, offer, offer.user_id, offer.answered_at, start)
        yield _build(FOUND, offer, row.away_id, offer.answered_at, start)
        if offer.ended_at:
            yield from _about_end(row, offer, offer.ended_at)


def _about_end(row: Substitution, offer: SubstituteOffer, ended_at: datetime) -> Iterator[Message]:
    until = ended_at + SENT_WITHIN
    if row.ended_at == ended_at:  # not withdrawn before
        yield _build(RELEASED, offer, offer.user_id, ended_at, until)
    if row.ended_at != ended_at or row.end_reason == End.MEETING_MOVED:
        yield _build(LOST, offer, row.away_id, ended_at, until)


def _closed_at(row: Substitution, offer: SubstituteOffer) -> datetime | None:
    """Return when someone else's yes that still counts, or the end, closed an unanswered offer.
    None while the search goes on."""
    answers = [
        other.answered_at
        for other in row.offers.all()
        if other.answer == "yes"
        and other.ended_at in {None, row.ended_at}
        and other.answered_at
        and other.answered_at >= offer.offered_at
    ]
    return max(answers, default=row.ended_at)


def _alarms(row: Substitution, staff: list[User]) -> Iterator[Message]:
    """Yield the alarms: again if a substitute withdrew after the first."""
    hours = row.meeting.group.cohort.substitute_alarm_hours
    withdrawn = [offer.ended_at for offer in row.offers.all() if offer.ended_at]
    due_at = max([row.chosen_start - timedelta(hours=hours), row.requested_at, *withdrawn])
    if substitute_of(row) or not row.is_open:
        return
    for person in staff:
        yield Message(
            key=f"{MISSING}:{row.pk}:{len(withdrawn)}:{person.pk}",
            kind=MISSING,
            channel=Message.Channel.EMAIL,
            group_id=row.meeting.group_id,
            user_id=person.pk,
            due_at=due_at,
            cutoff_at=row.chosen_start,
            context={"substitution": row.pk},
        )


def _alarmed_staff() -> QuerySet[User]:
    """Return the staff who may act on it."""
    able = ModelBackend().with_perm("guestvisits.change_substitution")
    return able.filter(is_staff=True, email__isnull=False).order_by("pk")


def _build(
    kind: str,
    offer: SubstituteOffer,
    user_id: int,
    due_at: datetime,
    cutoff_at: datetime,
    **context: str,
) -> Message:
    return Message(
        key=_key(kind, offer, due_at),
        kind=kind,
        channel=Message.Channel.EMAIL,
        group_id=offer.substitution.meeting.group_id,
        user_id=user_id,
        due_at=due_at,
        cutoff_at=cutoff_at,
        context={"offer": offer.pk, **context},
    )


def _key(kind: str, offer: SubstituteOffer, due_at: datetime) -> str:
    return f"{kind}:{offer.pk}:{int(due_at.timestamp())}"


@message_source("questions about substitutes")
def pending_questions(
    group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterator[Message]:
    """Yield the questions to facilitators who declined, on our pages or in a calendar. One query
    and three more for each decline of a facilitator."""
    declined = Attendance.objects.filter(
        set_up_group("meeting__group__"),
        rsvp=Attendance.Rsvp.NOT_ATTENDING,
        rsvp_at__gt=since - SENT_WITHIN,
        rsvp_at__lte=now - QUESTION_AFTER,
        is_guest=False,
        meeting__status=Meeting.Status.SCHEDULED,
        meeting__starts_at__gt=since,
        meeting__group__memberships__in=Membership.objects.filter(
            user=OuterRef("user"),
            role=Membership.Role.FACILITATOR,
            status=Membership.Status.ACTIVE,
        ),
    ).select_related("meeting__group", "user")
    if group_ids is not None:
        declined = declined.filter(meeting__group__in=group_ids)
    for row in declined.distinct().order_by("pk"):
        if row.rsvp_at and _needs_question(row.meeting, row.user_id):
            yield Message(
                key=f"{QUESTION}:{row.pk}:{int(row.meeting.starts_at.timestamp())}",
                kind=QUESTION,
                channel=Message.Channel.EMAIL,
                group_id=row.meeting.group_id,
                user_id=row.user_id,
                due_at=row.rsvp_at + QUESTION_AFTER,
                cutoff_at=row.meeting.starts_at - OFFERS_END,
                context={"meeting": row.meeting_id},
            )


def _needs_question(meeting: Meeting, user_id: int) -> bool:
    leads = leading(meeting.group_id).filter(user=user_id)
    searched = Substitution.objects.filter(meeting=meeting, ended_at__isnull=True)
    return leads.exists() and not searched.exists() and not others_who_come(meeting, user_id)


# -- message texts -------------------------------------------------------------------------------


@notification(QUESTION, topic="changes", title="Question whether a substitute is needed")
def question_context(message: Message, _now: datetime) -> dict[str, Any]:
    meeting = Meeting.objects.select_related("group").get(pk=message.context["meeting"])
    declined = Attendance.objects.filter(
        meeting=meeting, user=message.user_id, rsvp=Attendance.Rsvp.NOT_ATTENDING
    )
    if not declined.exists() or meeting.is_cancelled:
        raise MessageObsolete("The facilitator leads the meeting, or it is cancelled.")
    if not _needs_question(meeting, message.user_id or 0):
        raise MessageObsolete("The meeting needs no substitute.")
    address = page_url("ask-substitute", meeting.group_id, meeting.pk)
    return {"meeting": meeting, "address": address}


@notification(OFFER, topic=TOPIC, title="Question whether someone can substitute")
def offer_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete if no answer is needed."""
    offer = _offer_of(message)
    row = offer.substitution
    if offer.answer or not row.is_open or substitute_of(row):
        raise MessageObsolete("No answer is needed any more.")
    expected = len(expected_at([row.meeting])[row.meeting_id])
    return _context(row) | {"expected": expected}


@notification(CLOSED, topic=TOPIC, title="Substitute no longer needed")
def closed_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete if the person was not asked after all."""
    offer = _offer_of(message)
    asked = Message.objects.filter(
        key=_key(OFFER, offer, offer.offered_at), state=Message.State.SENT
    )
    if offer.answer or not asked.exists():
        raise MessageObsolete("The person has answered, or was not asked yet.")
    if offer.substitution.is_open and not substitute_of(offer.substitution):
        raise MessageObsolete("The search goes on, since the substitute withdrew.")
    return _context(offer.substitution)


@notification(LEADS, topic="changes", title="Substitute leads the meeting")
def leads_context(message: Message, now: datetime) -> dict[str, Any]:
    offer = _offer_of(message)
    if not offer.leads:
        raise MessageObsolete("The person does not lead this meeting any more.")
    window = substitute_window(offer)
    return _context(offer.substitution) | {
        "by_staff": offer.named_by_id is not None,
        "access_from": window.begins_at if window.begins_at > now else None,
        "access_until": window.ends_at,
    }


@notification(FOUND, topic="changes", title="Substitute found")
def found_context(message: Message, _now: datetime) -> dict[str, Any]:
    offer = _offer_of(message)
    if not offer.leads:
        raise MessageObsolete("The substitute does not lead this meeting any more.")
    return _context(offer.substitution) | {"substitute": offer.user}


@notification(LOST, topic="changes", title="Looking for a substitute again")
def lost_context(message: Message, _now: datetime) -> dict[str, Any]:
    offer = _offer_of(message)
    meeting = offer.substitution.meeting
    again = with_offers().filter(meeting=meeting, ended_at__isnull=True).first()
    if again is None or substitute_of(again):
        raise MessageObsolete("The meeting has a substitute, or needs none.")
    was_moved = offer.substitution.end_reason == End.MEETING_MOVED
    return _context(again) | {"substitute": offer.user, "was_moved": was_moved}


@notification(RELEASED, topic="changes", title="Substitute no longer leads the meeting")
def released_context(message: Message, _now: datetime) -> dict[str, Any]:
    row = _offer_of(message).substitution
    return _context(row) | {
        "why": row.get_end_reason_display(),
        "was_moved": row.end_reason == End.MEETING_MOVED,
    }


@notification(MISSING, title="No substitute found")
def missing_context(message: Message, _now: datetime) -> dict[str, Any]:
    row = with_offers().filter(pk=message.context["substitution"]).first()
    if row is None or not row.is_open or substitute_of(row):
        raise MessageObsolete("The meeting has a substitute, or needs none.")
    staff_url = page_url("admin:guestvisits_substitution_change", row.pk)
    return _context(row) | {"asked": len(row.offers.all()), "staff_url": staff_url}


def _context(row: Substitution) -> dict[str, Any]:
    return {
        "meeting": row.meeting,
        "away": row.away,
        "start": row.chosen_start,
        "address": page_url("substitution", row.pk),
    }


def _offer_of(message: Message) -> SubstituteOffer:
    offer = SubstituteOffer.objects.filter(pk=message.context["offer"])
    found = offer.select_related("user").first()
    if found is None:
        raise MessageObsolete("The request no longer exists.")
    found.substitution = with_offers().get(pk=found.substitution_id)
    return found
