"""Store a confirmed roster, and import it once, all of it or nothing.

A worker that is killed leaves the row waiting, and another one takes it: what the import changes
and that it is done are committed together.
"""

import logging
import zlib
from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from cohorts.activity.recording import acting_as
from cohorts.errors import Refusal
from cohorts.models import RosterImport, User
from cohorts.roster.importing import import_roster
from cohorts.services.locks import lock_people

logger = logging.getLogger(__name__)

State = RosterImport.State
LARGE = 500  # lines; the request imports smaller files itself, in up to a second
MAX_ATTEMPTS = 3
PROBLEMS_KEPT = 5
GIVEN_UP = (
    "An error in Lens prevented the import, and the operator has been alarmed. Nothing was changed."
)


def count_lines(data: bytes) -> int:
    """Return the number of lines after the first, which names the columns; about, if cells have
    several lines."""
    return max(len(data.splitlines()) - 1, 0)


@transaction.atomic
def ask_for_import(
    token: str,
    name: str,
    data: bytes,
    *,
    confirmed: str,
    terms: str | None,
    by: User,
    now: datetime,
) -> RosterImport:
    """Store a file to be imported as it was confirmed; return its row, once for each preview.

    A second row would be refused, since the first has changed what the preview showed.
    """
    lock_people([by.pk])  # of two clicks at once the second finds the row of the first
    asked = RosterImport.objects.filter(
        token=token, asked_by=by, confirmed=confirmed[:64], terms=terms and terms[:64]
    )
    return asked.exclude(state=State.REFUSED).first() or RosterImport.objects.create(
        token=token,
        name=name[:200],
        data=zlib.compress(data),
        lines=count_lines(data),
        confirmed=confirmed[:64],
        terms=terms and terms[:64],
        asked_by=by,
        asked_at=now,
    )


@transaction.atomic
def begin_attempt(import_id: int, *, now: datetime) -> bool:
    """Count an attempt; return whether to make it: no other worker does, nor is it over.

    After MAX_ATTEMPTS that did not end, such as by running out of memory, it is given up.
    """
    row = _lock_waiting(import_id)
    if row is None:
        return False
    if row.attempts >= MAX_ATTEMPTS:
        logger.error("Roster import %s was given up", import_id)
        _finish(row, State.REFUSED, [GIVEN_UP], now)
        return False
    row.attempts += 1
    row.begun_at = now
    row.save(update_fields=["attempts", "begun_at"])
    return True


@transaction.atomic
def carry_out_import(import_id: int, *, now: datetime) -> None:
    """Import a waiting file in the name of the person who confirmed it, or store why not."""
    row = _lock_waiting(import_id)
    if row is None:
        return
    try:
        with acting_as(row.asked_by_id):
            done = import_roster(
                zlib.decompress(row.data), now=now, confirmed=row.confirmed, terms=row.terms
            )
    except Refusal as refusal:
        problems = getattr(refusal, "problems", ())[:PROBLEMS_KEPT]
        _finish(row, State.REFUSED, [refusal.sentence, *map(str, problems)], now)
    else:
        _finish(row, State.DONE, [f"{done.summary()}."], now)


def _lock_waiting(import_id: int) -> RosterImport | None:
    """Return the row, locked, unless it is over or another worker has it."""
    waiting = RosterImport.objects.select_for_update(skip_locked=True)
    return waiting.filter(pk=import_id, state=State.WAITING).first()


def _finish(row: RosterImport, state: State, outcome: Sequence[str], now: datetime) -> None:
    row.state, row.outcome, row.finished_at, row.data = state, list(outcome), now, b""
    row.save(update_fields=["state", "outcome", "finished_at", "data"])


def forget_finished(before: datetime) -> None:
    """Delete finished imports, since what they say can name people."""
    RosterImport.objects.filter(finished_at__lt=before).delete()
