"""Cohorts whose archive has ended, with objects in Discord that can be removed."""

from collections.abc import Iterator

from django.urls import reverse

from cohorts.models import Cohort, Group
from cohorts.needs.group_needs import subject_of_group
from cohorts.needs.items import Need, NeedButton
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.words import count
from discordsync.selectors import groups_with_remains

REMOVAL_DUE = "removal_due"
PERMISSION = "discordsync.add_removalapproval"


def read_remains(facts: OpenCohorts) -> dict[Cohort, list[Group]]:
    """Return the groups that have ended and whose objects may be removed, by cohort.  One query."""
    found: dict[Cohort, list[Group]] = {}
    for group in groups_with_remains(facts.now):
        found.setdefault(group.cohort, []).append(group)
    return found


def find_removals_due(facts: OpenCohorts) -> Iterator[Need]:
    """Also of cohorts that have ended: that is the usual case."""
    for cohort, groups in facts.read(read_remains).items():
        what = f"{count(len(groups), 'group')} that ended can be removed from Discord"
        yield Need(
            REMOVAL_DUE,
            cohort.pk,
            what,
            tuple(subject_of_group(group) for group in groups),
            (
                NeedButton(
                    "Review removal",
                    reverse("admin:discordsync_removals"),
                    (PERMISSION,),
                    post={"cohort": str(cohort.pk)},
                ),
            ),
            follows_from=frozenset({"worker"}),
        )
