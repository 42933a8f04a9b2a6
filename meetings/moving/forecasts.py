"""How many e-mails a calendar will send about a move, before it is confirmed.

Calendars belong to higher layers, which register functions that count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Group
from cohorts.registries import Registry
from cohorts.words import count, join_names
from meetings.facts import MeetingFacts
from meetings.moving.facts import group_of, read_facts
from meetings.moving.moves import Move
from meetings.moving.rules import decide
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.rhythm import Slot

NEW_IDS = 10**12  # ids of meetings that a move creates begin here: larger than any row's


@dataclass(frozen=True, slots=True)
class MovedGroup:
    """A group's facts as they will be after a move."""

    group: Group
    slot: Slot | None
    meetings: tuple[MeetingFacts, ...]
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class MailForecast:
    """How many e-mails `sender` will send. `at_most`: the service may leave some of them out."""

    sender: str
    invitations: int = 0
    updates: int = 0
    cancellations: int = 0
    at_most: bool = False

    @property
    def total(self) -> int:
        return self.invitations + self.updates + self.cancellations

    @property
    def sentence(self) -> str:
        """Return "Google sends 9 e-mails: 6 invitations and 3 cancellations."."""
        if not self.total:
            return f"{self.sender} sends no e-mails."
        kinds = (
            (self.invitations, "invitation"),
            (self.updates, "update"),
            (self.cancellations, "cancellation"),
        )
        parts = join_names(count(number, noun) for number, noun in kinds if number)
        mails = count(self.total, "e-mail")
        return f"{self.sender} sends {'up to ' if self.at_most else ''}{mails}: {parts}."


ForecastMails = Callable[[MovedGroup, datetime], MailForecast | None]

mail_forecasts: Registry[ForecastMails] = Registry("forecasts of calendars' e-mails")


def forecast_mails(move: Move, now: datetime) -> list[MailForecast]:
    """Return how many e-mails each calendar will send. Raises Refusal as `decide` does.

    Six queries, and those of the registered functions.
    """
    facts = read_facts(group_of(move))
    moved = _moved(facts, decide(move, facts, now))
    found = (forecast(moved, now) for forecast in mail_forecasts.values())
    return [each for each in found if each is not None]


def _moved(facts: MoveFacts, decision: Decision) -> MovedGroup:
    rows = [*decision.rows]
    kept = {row.pk for row in rows}
    rows += [row for row in facts.rows if row.pk not in kept]
    meetings = tuple(
        MeetingFacts(
            row.pk or NEW_IDS + place,
            row.number,
            row.starts_at,
            row.duration_minutes,
            row.is_cancelled,
            row.rhythm_starts_at,
        )
        for place, row in enumerate(rows)
    )
    return MovedGroup(facts.group, decision.rhythm.slot, meetings, decision.changes)
