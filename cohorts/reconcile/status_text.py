"""The sync status of one group in one provider, in words. Pure: computed from the rows.

the provider        the group's row                   level     words
------------------  --------------------------------  --------  --------------------------------
is not configured   -                                 off/bad   not configured
-                   an issue, unless it is that       by table  the issue's sentence
                    nothing was requested, and a
                    request has just come
-                   the group has ended               fine      ended
cannot be reached   due                               waiting   the provider's issue
no worker is alive  due                               waiting   waiting for a worker
-                   due, requested, not ready         working   being set up
-                   due                               working   being checked
-                   ready                             fine      in sync
-                   requested, not ready              waiting   requested, not complete yet
-                   else                              todo      not set up yet
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from cohorts.admin_base.reader_time import show_time
from cohorts.models import Group
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.values import CHANGED, DUE, Condition, IssueCode, ProviderSpec


class Level(IntEnum):
    """How much a status demands of staff; the worst is the highest."""

    OFF = 0
    FINE = 1
    TODO = 2
    WORKING = 3
    WAITING = 4
    BAD = 5

    @property
    def css(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """The sync status of one group in one provider, in words.

    `remedy` names the button that resolves it. `again`: another comparison is pending.
    """

    level: Level
    words: str
    fix: str = ""
    detail: str = ""
    remedy: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class StatusContext:
    """What all groups of a page share: the time, the providers, whether a worker is alive."""

    now: datetime
    states: Mapping[str, ProviderState]
    is_worker_alive: bool


def describe(
    row: GroupSync | None, group: Group, provider: ProviderSpec, context: StatusContext
) -> SyncStatus:
    if not provider.is_configured:
        return _not_configured(provider)
    due = row is None or row.is_due(context.now)
    asked = row is not None and row.realize_requested_at is not None
    if row and row.issue and not (due and asked and row.issue == IssueCode.NOT_REALIZED):
        return replace(_describe_blocked(row), again=due)
    if group.has_ended:
        return SyncStatus(Level.FINE, "ended")
    if due:
        return _due(row, context.states.get(provider.name), context)
    return _settled(row)


def _describe_blocked(row: GroupSync) -> SyncStatus:
    found = describe_issue(row.issue, row.issue_detail, tried=row.failures > 0)
    if row.issue == IssueCode.NOT_REALIZED:
        return replace(found, words="not set up yet", detail="")
    return found


def _due(row: GroupSync | None, state: ProviderState | None, context: StatusContext) -> SyncStatus:
    if state and state.issue:
        return SyncStatus(Level.WAITING, f"waiting: {find_issue(state.issue).sentence}")
    if not context.is_worker_alive:
        return SyncStatus(Level.WAITING, "waiting for a worker")
    if row and row.realize_requested_at and not row.ready_at:
        return SyncStatus(Level.WORKING, "being set up")
    return SyncStatus(Level.WORKING, "being checked")


def _not_configured(provider: ProviderSpec) -> SyncStatus:
    if provider.required:
        words = f"{provider.title} is not configured, so no group can become active."
        return SyncStatus(Level.BAD, words, "Set its variables (docs/operations.md) and restart.")
    return SyncStatus(Level.OFF, "not configured")


def _settled(row: GroupSync | None) -> SyncStatus:
    if row and row.ready_at:
        return SyncStatus(Level.FINE, "in sync")
    if row and row.realize_requested_at:
        return SyncStatus(Level.WAITING, "requested, not complete yet")
    return SyncStatus(Level.TODO, "not set up yet", remedy="realize")


def describe_issue(code: str, detail: str = "", *, tried: bool = False) -> SyncStatus:
    """Return the status for an issue. `tried`: calls for it failed, and are retried."""
    text = find_issue(code)
    if code == IssueCode.NOT_REALIZED or (text.is_harmless and not tried):
        return SyncStatus(Level.TODO, text.sentence, text.fix, detail, text.remedy)
    grave = tried or text.needs_person or not (text.passes or code == IssueCode.NO_ONE_HAS_ACCESS)
    level = Level.BAD if grave else Level.WAITING
    return SyncStatus(level, text.sentence, text.fix, detail, text.remedy)


def describe_since(in_sync: Condition, provider: ProviderSpec) -> str:
    """Return since when a group or a provider is in sync or not, in words."""
    moment = f"since {show_time(in_sync.since)}."
    if in_sync.is_met:
        return f"In sync {moment}"
    match in_sync.reason:
        case IssueCode.RATE_LIMITED:
            return f"Waiting for {provider.title}’s limit {moment}"
        case reason if reason in (CHANGED, DUE):
            return f"Waiting to be compared {moment}"
        case _:
            return f"Out of sync {moment}"
