"""The e-mail that “Realize” has ended, and the reason to hold all messages."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings

from cohorts.admin_base.links import cohorts_url
from cohorts.models import AccessState, Group, User
from cohorts.outbox.models import Message
from cohorts.outbox.registry import MessageObsolete, message_source, notification
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import ProviderState, RealizeRequest
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.runs.realize_requests import READY, WITHDRAWN
from cohorts.reconcile.values import IssueCode

REALIZE_ENDED = "realize_ended"
SENT_WITHIN = timedelta(days=1)
NAMES_SHOWN = 40
SET_UP = frozenset({READY, IssueCode.NO_ONE_HAS_ACCESS})  # people join later, in their own time


def why_held() -> str:
    """Return why messages are held: signs that this is a copy, which would repeat what the original
    sent. One query."""
    code = provider_state.find_sign_of_copy(list(ProviderState.objects.all()))
    return f"{find_issue(code).sentence} {find_issue(code).fix}" if code else ""


@message_source("realize reports")
def pending_realize_reports(
    _group_ids: frozenset[int] | None, since: datetime, now: datetime
) -> Iterable[Message]:
    """Return the e-mail to each person whose “Realize” has ended. It concerns no single group."""
    ended = RealizeRequest.objects.filter(
        ended_at__gt=since - SENT_WITHIN, ended_at__lte=now, requested_by__isnull=False
    )
    return [_build_email(request) for request in ended]


def _build_email(request: RealizeRequest) -> Message:
    assert request.ended_at is not None
    return Message(
        key=f"{REALIZE_ENDED}:{request.pk}",
        kind=REALIZE_ENDED,
        channel=Message.Channel.EMAIL,
        group_id=None,
        user_id=request.requested_by_id,
        due_at=request.ended_at,
        cutoff_at=request.ended_at + SENT_WITHIN,
        context={"request": request.pk},
    )


@notification(REALIZE_ENDED, title="Realize has finished")
def realize_ended_context(message: Message, _now: datetime) -> dict[str, Any]:
    """Return the context of the e-mail's templates. Raises MessageObsolete.

    Four queries, and those about what the person may open.
    """
    request = RealizeRequest.objects.filter(pk=message.context["request"]).first()
    if request is None:
        raise MessageObsolete("The request no longer exists.")
    groups = Group.objects.filter(pk__in=request.group_ids).select_related("cohort__course")
    results = {group: request.results[str(group.pk)] for group in groups}
    absent = _people_without_access(request.group_ids)
    assert message.user  # the person who asked
    overview = cohorts_url(message.user, {group.cohort_id for group in groups})
    empty = [group for group, outcome in results.items() if outcome == IssueCode.NO_ONE_HAS_ACCESS]
    return {
        "cohorts": sorted({f"{group.cohort.course}, {group.cohort}" for group in groups}),
        "processed": len(results),
        "ready": sum(outcome in SET_UP for outcome in results.values()),
        "withdrawn": sum(outcome == WITHDRAWN for outcome in results.values()),
        "troubled": [
            {"group": group, "issue": find_issue(outcome)}
            for group, outcome in results.items()
            if outcome not in {*SET_UP, WITHDRAWN}
        ],
        "empty": sorted(empty, key=lambda group: group.name)[:NAMES_SHOWN],
        "more_empty": max(len(empty) - NAMES_SHOWN, 0),
        "absent": absent[:NAMES_SHOWN],
        "more_absent": max(len(absent) - NAMES_SHOWN, 0),
        "overview_url": f"{settings.SITE_URL}{overview}",
    }


def _people_without_access(group_ids: list[int]) -> list[User]:
    lacking = (AccessState.State.NOT_JOINED, AccessState.State.NO_ADDRESS)
    states = AccessState.objects.filter(group_id__in=group_ids, state__in=lacking)
    return list(User.objects.filter(pk__in=states.values("user_id")))
