"""E-mails to the guest about a visit.

visit_booked        after booking; not once the meeting has begun
visit_cancelled     after the guest cancelled
visit_broken        after it ended without the guest's doing, with the remaining options
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from cohorts.errors import Refusal
from cohorts.models import CohortStep
from cohorts.outbox.models import Message
from cohorts.outbox.registry import (
    MessageObsolete,
    Topic,
    message_source,
    notification,
    topics,
)
from cohorts.outbox.rendering.links import page_url
from guestvisits.ending import END
from guestvisits.merging import MERGE
from guestvisits.messages.throttling import (
    ENDS,
    last_sent,
    throttle,
    was_booked_again,
    was_sent_just_before,
)
from guestvisits.messages.visit_emails import (
    email_guest,
    get_open_visit,
    get_visit,
    recent_visits,
    visit_context,
)
from guestvisits.models import GuestVisit
from guestvisits.selectors import UNASKED_ENDS
from guestvisits.services.alternatives import Alternative, find_alternatives
from guestvisits.windows import window_of
from meetings.models import MeetingChange

BOOKED, CANCELLED, BROKEN = "visit_booked", "visit_cancelled", "visit_broken"
SENT_WITHIN = timedelta(days=2)  # of the end of the visit

End = GuestVisit.End
WHY = {
    End.CANCELLED_BY_STAFF: "The staff cancelled your visit.",
    End.HOST_MOVED: "The meeting was moved to another time, so your visit has ended.",
    End.HOST_CANCELLED: "The meeting was cancelled, so your visit has ended.",
    End.HOST_GROUP_ENDED: "The group has ended, so your visit has ended too.",
    End.HOME_GROUP_ENDED: "Your own group has ended, so your visit has ended too.",
    End.COHORT_ENDED: "The cohort has ended, so your visit has ended too.",
    End.BECAME_MEMBER: "You are now a member of the group, so you no longer need a visit.",
}
# Ends after which the guest may book another meeting of the same week.
LEAVES_A_CHOICE = frozenset(
    {End.CANCELLED_BY_STAFF, End.HOST_MOVED, End.HOST_CANCELLED, End.HOST_GROUP_ENDED}
)

# The kind of step whose letter says it, and the value of that letter which does.
SAID_BY_STEP: Mapping[str, tuple[str, str]] = {
    End.COHORT_ENDED: (END, "visits"),
    End.HOST_GROUP_ENDED: (END, "visits"),
    End.HOME_GROUP_ENDED: (END, "visits"),
    End.BECAME_MEMBER: (MERGE, "visit"),
}

topics.register(
    Topic(
        "visits",
        "My visits",
        "When a visit is booked, cancelled or ended, and when its access begins and ends.",
        may_be_off=False,
    ),
    order=30,
)


@message_source("visits")
def pending_visit_emails(
    group_ids: frozenset[int] | None, since: datetime, _now: datetime
) -> Iterator[Message]:
    """Yield pending e-mails about visits to these groups. One query, two if one was rebooked."""
    visits = recent_visits(since, group_ids)
    yield from throttle(_build_emails(visits), visits)


def _build_emails(visits: Iterable[GuestVisit]) -> Iterator[Message]:
    for visit in visits:
        if visit.ended_at is None or not visit.ended_early:
            yield email_guest(visit, BOOKED, visit.booked_at, visit.host_meeting.starts_at)
        elif visit.end_reason == End.CANCELLED:
            yield email_guest(visit, CANCELLED, visit.ended_at, visit.ended_at + SENT_WITHIN)
        elif visit.end_reason in UNASKED_ENDS and not _took_nothing(visit):
            yield email_guest(visit, BROKEN, visit.ended_at, visit.ended_at + SENT_WITHIN)


def _took_nothing(visit: GuestVisit) -> bool:
    """Return whether the visit was made: its end took nothing from the guest, unless staff chose
    it."""
    return visit.was_made and visit.end_reason != End.CANCELLED_BY_STAFF


@notification(BOOKED, topic="visits", title="Visit booked")
def booked_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Raises MessageObsolete. Three queries."""
    visit = get_open_visit(message)
    _check_changed(message, visit, since=visit.booked_at, ends=False)
    begins_at = window_of(visit).begins_at
    return visit_context(visit) | {
        "by_staff": visit.booked_by_id != visit.user_id,
        "access_from": begins_at if begins_at > now else None,
    }


@notification(CANCELLED, topic="visits", title="Visit cancelled")
def cancelled_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Four queries.

    Raises MessageObsolete, also if the guest has booked again.
    """
    visit = get_visit(message)
    if was_booked_again(visit):
        raise MessageObsolete("The guest has booked this visit again.")
    if visit.ended_at:
        _check_changed(message, visit, since=visit.ended_at, ends=True)
    home = visit.home_meeting
    return visit_context(visit) | {"is_home_ahead": home.starts_at > now and not home.is_cancelled}


def _is_in_step_letter(visit: GuestVisit) -> bool:
    """Return whether the guest's letter about an end or a merge says that this visit ended.  One
    query."""
    kind, value = SAID_BY_STEP.get(visit.end_reason, ("", ""))
    if not kind or visit.ended_at is None:
        return False
    steps = CohortStep.objects.filter(
        kind=kind,
        cohort=visit.host_meeting.group.cohort_id,
        state=CohortStep.State.DONE,
        finished_at__range=(visit.ended_at - timedelta(hours=1), visit.ended_at),
    )
    letters = steps.values_list("letters", flat=True)
    return any(one.get(str(visit.user_id), {}).get(value) for one in letters)


@notification(BROKEN, topic="visits", title="Visit can't take place")
def broken_context(message: Message, now: datetime) -> dict[str, Any]:
    """Return the template context. Six queries.

    Raises MessageObsolete, also if the guest has booked another visit.
    """
    visit = get_visit(message)
    if _is_in_step_letter(visit):
        raise MessageObsolete("The letter about the end or the merge of the group says it.")
    again = GuestVisit.objects.filter(
        user=visit.user_id, home_meeting=visit.home_meeting_id, ended_at__isnull=True
    )
    if again.exists():
        raise MessageObsolete("The guest has booked another visit.")
    if _ended_by_step(visit):
        raise MessageObsolete("The letter about the change of the cohort says so.")
    has_choice = visit.end_reason in LEAVES_A_CHOICE
    return visit_context(visit) | {
        "why": WHY[End(visit.end_reason)],
        "has_choice": has_choice,
        "left": _open_alternatives(visit, now) if has_choice else (),
        "choice_url": page_url("alternatives", visit.home_meeting_id),
    }


def _ended_by_step(visit: GuestVisit) -> bool:
    """Return whether a cohort step, which writes to the guest, moved the host meeting last."""
    if visit.end_reason not in {End.HOST_MOVED, End.HOST_CANCELLED}:
        return False
    changes = MeetingChange.objects.filter(
        meeting=visit.host_meeting_id, move__at__lte=visit.ended_at
    ).select_related("move__step")
    last = changes.order_by("-pk").first()
    step = last.move.step if last else None
    return step is not None and str(visit.user_id) in step.letters


def _check_changed(message: Message, visit: GuestVisit, *, since: datetime, ends: bool) -> None:
    """Raise MessageObsolete if the last e-mail about the visit, just before, said the same."""
    last = last_sent(visit, BOOKED, *ENDS)
    if last is None or last.pk == message.pk or (last.kind in ENDS) is not ends:
        return
    said_of = GuestVisit.objects.filter(pk=last.context["visit"]).first()
    is_same = said_of is not None and said_of.chosen_start == visit.chosen_start
    if is_same and was_sent_just_before(last, since):
        raise MessageObsolete("The previous e-mail about this visit said the same.")


def _open_alternatives(visit: GuestVisit, now: datetime) -> tuple[Alternative, ...]:
    try:
        return find_alternatives(visit.user_id, visit.home_meeting_id, now).open
    except Refusal:
        return ()
