"""Issues that need a person, in the log and in Sentry: one ERROR when an issue begins, with what to
do, and one when it is resolved.

    the issue is new, and needs a person              logged, with the names of its groups
    the same issue, a minute later                    nothing
    an outage of the service                          nothing: the issue may still be there
    the same outage, at the second attempt            logged as an issue of the service
    another issue, or none                            logged as resolved

What only waits for a step of staff's own work (no one has pressed “Realize” yet) is on the pages
and not in the log.  `issue_detail` can name people, and is left out.
"""

import logging
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from django.db.models import F, Q, QuerySet

from cohorts.reconcile.issues import ISSUES, find_issue
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.provider import provider_specs
from cohorts.reconcile.values import IssueCode

logger = logging.getLogger(__name__)

STAFFS_OWN = frozenset(
    {IssueCode.NOT_REALIZED, IssueCode.NO_MEMBERS, IssueCode.NO_SLOT, IssueCode.PAUSED}
)
# Issues of the whole installation, which cohorts.reconcile.ownership logs every hour.
WHOLE = frozenset(
    {IssueCode.RESTORED, IssueCode.OTHER_INSTALLATION, IssueCode.MOVED, IssueCode.MANY_ORPHANS}
)
LASTING = 2  # attempts in a row
NAMED = 5  # groups in one line


def log_issues() -> None:
    """Log what is new and what is resolved.  Two queries while nothing has changed."""
    lasting = Q(failures__gte=LASTING)
    for row, code in _claim_changes(ProviderState.objects.all(), lasting):
        _log(row.provider, code, [])
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    never = Q(pk__in=[])  # an outage is an issue of the provider
    for row, code in _claim_changes(GroupSync.objects.select_related("group__cohort"), never):
        groups[row.provider, code].append(f"{row.group.name} ({row.group.cohort.name})")
    for (provider, code), names in groups.items():
        _log(provider, code, names)


def _claim_changes(rows: QuerySet[Any], lasting: Q) -> Iterator[tuple[Any, str]]:
    """Yield each row with the code to log, as "-code" for a resolved issue.

    `lasting`: where an issue that usually passes is logged as well, unless another one is.

    If two workers run this at once, only the one that updates the row logs it.
    """
    loud, passing = find_logged_codes()
    lasts = lasting & Q(issue__in=passing, logged_issue="")
    begun = Q(issue__in=loud) & ~Q(issue=F("logged_issue")) | lasts
    over = ~Q(logged_issue="") & ~Q(issue=F("logged_issue")) & ~Q(issue__in=passing)
    for row in rows.filter(begun | over).order_by("pk"):
        now = row.issue if row.issue in loud | passing else ""
        if rows.model.objects.filter(pk=row.pk, logged_issue=row.logged_issue).update(
            logged_issue=now
        ):
            yield from ((row, code) for code in (f"-{row.logged_issue}", now) if len(code) > 1)


def find_logged_codes() -> tuple[set[str], set[str]]:
    """Return the codes that are logged, and those that do not show whether an issue is resolved."""
    texts = dict(ISSUES)
    for spec in provider_specs().values():
        texts |= spec.issues
    loud = {code for code, text in texts.items() if text.needs_person} - STAFFS_OWN - WHOLE
    return loud, {code for code, text in texts.items() if text.passes}


def _log(provider: str, code: str, groups: list[str]) -> None:
    title, text = provider_specs()[provider].title, find_issue(code.removeprefix("-"))
    names = ", ".join(groups[:NAMED])
    more = f" and {len(groups) - NAMED} more" if len(groups) > NAMED else ""
    about = f" Groups: {names}{more}." if groups else ""
    if code.startswith("-"):
        logger.error("%s: resolved: %s%s", title, text.sentence, about)
    else:
        logger.error("%s: %s%s What to do: %s", title, text.sentence, about, text.fix)
