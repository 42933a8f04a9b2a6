"""How many e-mails a calendar will send about a move, before it is confirmed.

Calendars belong to higher layers, which register functions that count.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Group
from cohorts.registries import Registry
from cohorts.steps.registry import StepSection
from cohorts.words import count, join_names
from meetings.models import Meeting
from meetings.moving.facts import group_of, read_facts
from meetings.moving.moves import Move
from meetings.moving.rules import decide
from meetings.moving.types import Change, Decision, MoveFacts
from meetings.rhythm import MeetingFacts, Slot

NEW_IDS = 10**12  # ids of meetings that a move creates begin here: larger than any row's


@dataclass(frozen=True, slots=True)
class MovedGroup:
    """A group's facts as they will be after a move.

    `kept` and `reopened` are visits by (meeting id, user id): those that stay although their
    meeting moves, and those that had ended and begin again.
    """

    group: Group
    slot: Slot | None
    meetings: tuple[MeetingFacts, ...]
    changes: Sequence[Change]
    kept: frozenset[tuple[int, int]] = frozenset()
    reopened: frozenset[tuple[int, int]] = frozenset()


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
    def note(self) -> str:
        """Return why the number is not exact; "" if it is."""
        if not self.at_most:
            return ""
        return f"People who use {self.sender}'s calendar may see a change there without an e-mail."

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


ForecastMails = Callable[[Sequence[MovedGroup], datetime], MailForecast | None]

mail_forecasts: Registry[ForecastMails] = Registry("forecasts of calendars' e-mails")


def forecast_mails(move: Move, now: datetime) -> list[MailForecast]:
    """Return how many e-mails each calendar will send. Raises Refusal as `decide` does.

    Six queries, and those of the registered functions.
    """
    facts = read_facts(group_of(move))
    return forecast_groups([as_moved(facts, decide(move, facts, now))], now)


def forecast_groups(moved: Sequence[MovedGroup], now: datetime) -> list[MailForecast]:
    """Return how many e-mails each calendar will send about changes to several groups."""
    found = (forecast(moved, now) for forecast in mail_forecasts.values())
    return [each for each in found if each is not None]


def list_mails(forecasts: Iterable[MailForecast]) -> tuple[StepSection, ...]:
    """Return what the preview of a change of a whole cohort shows about calendars' e-mails."""
    lines = tuple(f"{each.sentence} {each.note}".strip() for each in forecasts)
    return (StepSection("E-mails from the calendar", lines),) if lines else ()


def as_moved(facts: MoveFacts, decision: Decision) -> MovedGroup:
    kept = {row.pk for row in decision.rows}
    rows = [*decision.rows, *(row for row in facts.rows if row.pk not in kept)]
    return MovedGroup(facts.group, decision.rhythm.slot, describe_rows(rows), decision.changes)


def describe_rows(rows: Iterable[Meeting]) -> tuple[MeetingFacts, ...]:
    """Return a group's meetings as they will be; new rows have no id yet."""
    return tuple(
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
