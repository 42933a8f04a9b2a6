"""Sync status of a visit's access and invitation, in words. For display only.

Read from what the providers last reported. Each line is one provider:

    reported                      the line says                            settled
    ----------------------------  ---------------------------------------  -------
    nothing yet, wanted           being set up                             no
    has                           ready                                    yes
    not there, no address         what is missing, as the provider says    yes
    withheld, failed              that it could not be done, and why       yes
    ended (of an earlier visit)   same as nothing yet                      no

Before the window begins, a provider that does not act ahead (invitations do, access does not) is
shown only if it has reported a current state.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cohorts.models import AccessState
from cohorts.reconcile.provider import configured_providers
from guestvisits.selectors import MyVisit
from guestvisits.windows import AccessWindow

State = AccessState.State

WORDS = {
    State.PENDING: "being set up",
    State.GRANTED: "ready",
    State.NOT_JOINED: "waiting for you to join.",
    State.NO_ADDRESS: "not possible: we do not have your account or address.",
    State.WITHHELD: "waiting for staff. You do not need to do anything.",
    State.FAILED: "not done yet. We will try again.",
}
EXPLAINED = {State.WITHHELD, State.FAILED}  # the other states need no explanation
FINAL = {State.GRANTED, State.NOT_JOINED, State.NO_ADDRESS, State.WITHHELD, State.FAILED}

FAST, SLOW = 2, 30  # seconds between polls
POLL_FAST_FOR = timedelta(minutes=3)  # afterwards something is wrong, so poll less


@dataclass(frozen=True, slots=True)
class ProviderProgress:
    """One provider: its title, state and text, and the provider's reason if something failed."""

    title: str
    state: str
    text: str
    reason: str

    @property
    def is_settled(self) -> bool:
        return self.state in FINAL

    @property
    def is_missing_person(self) -> bool:
        return self.state == State.NOT_JOINED


@dataclass(frozen=True, slots=True)
class VisitProgress:
    """The status of one visit. `poll_seconds` is the polling interval in seconds; None if final."""

    window: AccessWindow
    has_begun: bool
    lines: tuple[ProviderProgress, ...]
    poll_seconds: int | None


def read_progress(
    user_id: int, visits: Iterable[MyVisit], now: datetime
) -> dict[int, VisitProgress]:
    """Return the status by visit id, for open visits. One query for any number of them."""
    visits = [mine for mine in visits if mine.visit.is_open]
    groups = {mine.window.group_id for mine in visits}
    reported = {
        (state.group_id, state.provider): state
        for state in AccessState.objects.filter(user=user_id, group__in=groups)
    }
    return {mine.visit.pk: _progress(mine, reported, now) for mine in visits}


def _progress(
    mine: MyVisit, reported: dict[tuple[int, str], AccessState], now: datetime
) -> VisitProgress:
    window = mine.window
    has_begun = window.begins_at <= now
    lines = []
    for name, provider in configured_providers().items():
        state = reported.get((window.group_id, name))
        if state and state.state == State.ENDED:
            state = None
        if state or has_begun or provider.ahead:
            lines.append(_line(provider.title, state))
    booked_at = mine.visit.booked_at
    since = max(booked_at, window.begins_at) if has_begun else booked_at
    return VisitProgress(window, has_begun, tuple(lines), _polling_interval(lines, now - since))


def _line(title: str, row: AccessState | None) -> ProviderProgress:
    state = State(row.state) if row else State.PENDING
    return ProviderProgress(
        title, state, WORDS[state], row.reason if row and state in EXPLAINED else ""
    )


def _polling_interval(lines: Iterable[ProviderProgress], waited: timedelta) -> int | None:
    if all(line.is_settled for line in lines):
        return None
    return FAST if waited < POLL_FAST_FOR else SLOW
