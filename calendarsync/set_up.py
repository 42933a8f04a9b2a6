"""The lines about Google Calendar on a person's set-up page."""

from collections.abc import Iterator

from django.urls import reverse

from calendarsync.plan.review import ADDRESS_REFUSED, ALL_OVER
from calendarsync.selectors import PROVIDER, series_answers
from cohorts.models import AccessState, Group
from cohorts.reconcile.provider import configured_providers
from guestvisits.set_up_status import (
    Remedy,
    SetUpCheck,
    SetUpContext,
    SetUpStatus,
    blocked_check,
    each_group,
    is_being_set_up,
    is_blocked,
)

State = AccessState.State

# By Google's response status on the series. An answer to one meeting concerns only that meeting.
ANSWERED = {"accepted": "You accepted it.", "tentative": "You answered “maybe”."}


def find_lines(context: SetUpContext) -> Iterator[SetUpCheck]:
    """Yield one line per group. Three queries."""
    if PROVIDER not in configured_providers() or not context.groups:
        return
    answers = series_answers([group.pk for group in context.groups])
    address = (context.person.email or "").lower()
    for group, row in each_group(context, PROVIDER):
        yield invitation_line(group, row, answers.get((group.pk, address), ""))


def invitation_line(group: Group, row: AccessState | None, answer: str) -> SetUpCheck:
    title = f"{group} in your calendar"
    if row is None or is_being_set_up(group, row):
        return SetUpCheck(title, SetUpStatus.COMING, "The invitation has not been created yet.")
    if is_blocked(row):
        return blocked_check(title, row)
    match State(row.state):
        case State.GRANTED:
            return _sent(title, answer, is_over=row.reason == ALL_OVER)
        case State.FAILED if row.reason == ADDRESS_REFUSED:
            return SetUpCheck(
                title,
                SetUpStatus.YOURS,
                "Google Calendar does not accept your e-mail address, so you have no invitation.",
                "Ask your programme manager to correct the address.",
                Remedy("Add your meetings to another calendar", reverse("my-calendar")),
            )
        case State.NO_ADDRESS:
            return SetUpCheck(
                title, SetUpStatus.COMING, "It will be sent once we have your e-mail address."
            )
        case _:
            return SetUpCheck(
                title, SetUpStatus.COMING, "The invitation will be sent in about a minute."
            )


def _sent(title: str, answer: str, *, is_over: bool) -> SetUpCheck:
    if is_over:
        return SetUpCheck(title, SetUpStatus.FINE, "All meetings are over.")
    if answer in ANSWERED:
        return SetUpCheck(title, SetUpStatus.FINE, f"The invitation was sent. {ANSWERED[answer]}")
    own = Remedy("Add your meetings to another calendar", reverse("my-calendar"))
    if answer == "declined":
        return SetUpCheck(
            title,
            SetUpStatus.YOURS,
            "You declined the invitation to all meetings.",
            "If that was a mistake, answer “Yes” in your calendar. To cancel a single meeting, use "
            "your meetings page.",
            own,
        )
    return SetUpCheck(
        title,
        SetUpStatus.YOURS,
        "The invitation was sent, and you have not answered it yet.",
        "Find it in your e-mail (check your spam folder too) and answer “Yes”. One answer covers "
        "all meetings.",
        own,
    )
