"""Which installation owns the objects outside: the question to staff, and their answer.

what is found                                        what waits for the answer
this database was restored or copied (its seal)      every write and every message
INSTALLATION_ID is not the one that staff accepted   every write and every message
the settings name another server or calendar         every write and every message
many orphans (objects with our mark, no record)      every write and every message
a few orphans, or clones of deleted objects          the groups and cohorts that they name
"""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile import services
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState, ScratchObject
from cohorts.reconcile.provider import configured_providers, provider_admins, provider_specs
from cohorts.reconcile.runs import provider_state
from cohorts.reconcile.values import IssueCode
from cohorts.services.installation import accept_copy, accept_original

logger = logging.getLogger(__name__)

ALARM_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Question:
    """What staff have to decide.

    `doubt`: the issue code of what is wrong with this database. The others are keyed by provider
    name. `moved`: the server or calendar of the records. `strange`: many orphans. `orphaned`: a few
    orphans, or clones. `is_silent`, which is no question: a copy that sends nothing until staff
    allow it.
    """

    doubt: str = ""
    moved: dict[str, str] = field(default_factory=dict)
    strange: dict[str, str] = field(default_factory=dict)
    orphaned: dict[str, str] = field(default_factory=dict)
    is_silent: bool = False

    def __bool__(self) -> bool:
        return self.stops_all or bool(self.orphaned)

    @property
    def stops_all(self) -> bool:
        return bool(self.codes)

    @property
    def codes(self) -> list[str]:
        """The reasons why nothing is written, as issue codes."""
        found = {
            self.doubt: bool(self.doubt),
            IssueCode.MOVED: self.moved,
            IssueCode.MANY_ORPHANS: self.strange,
        }
        return [code for code, is_so in found.items() if is_so]


def find_question() -> Question:
    """Return what staff have to decide now. Two queries."""
    installation = Installation.objects.ensure(clock.now())
    states = [s for s in ProviderState.objects.all() if s.provider in configured_providers()]
    return Question(
        doubt=installation.doubt,
        moved={state.provider: state.scope for state in provider_state.find_moved(states)},
        strange={s.provider: s.orphans for s in states if s.has_many_orphans},
        orphaned={s.provider: s.orphans for s in states if s.orphans and not s.has_many_orphans},
        is_silent=installation.silenced_at is not None,
    )


def watch_ownership(now: datetime) -> None:
    """Record since when nothing is written, and log it every hour until staff have answered."""
    question = find_question()
    row = Installation.objects.filter(pk=1)
    if not question.stops_all:
        row.filter(doubted_at__isnull=False).update(doubted_at=None, alarmed_at=None)
        return
    row.filter(doubted_at__isnull=True).update(doubted_at=now)
    is_due = Q(alarmed_at__isnull=True) | Q(alarmed_at__lte=now - ALARM_EVERY)
    if row.filter(is_due).update(alarmed_at=now):  # of two workers, one logs
        for text in map(find_issue, question.codes):
            logger.error("Nothing is changed or sent. %s %s", text.sentence, text.fix)


@transaction.atomic
def accept_as_original() -> None:
    """Treat this database as the original: its marks stay, and marked objects are adopted."""
    question = find_question()
    if question.doubt:
        accept_original(_lock())
    for name in question.moved:
        services.accept_move(name)
    # After a restore, what was created since has no record, even if it was not observed yet.
    for name in configured_providers() if question.doubt else question.strange | question.orphaned:
        services.adopt_orphans(name)
    for name in provider_specs():
        services.resync(name)


@transaction.atomic
def accept_as_copy() -> None:
    """Treat this database as a copy: delete all records, create and send nothing until asked."""
    accept_copy(_lock())
    for name, spec in provider_specs().items():
        provider_admins[name].forget_all()
        ProviderState.objects.of(name).update(scope=spec.scope)
    ScratchObject.objects.all().delete()  # the original removes them
    GroupSync.objects.all().forget_requests()
    ProviderState.objects.update(adopt_orphans=False, not_adopted=[], **services.NO_ORPHANS)
    for name in provider_specs():
        services.resync(name)


def _lock() -> Installation:
    Installation.objects.ensure(clock.now())
    return Installation.objects.select_for_update().get(pk=1)
