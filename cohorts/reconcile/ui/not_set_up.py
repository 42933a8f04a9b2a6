"""Groups of a cohort that starts soon or has begun, which nobody has asked to set up."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from cohorts.models import Group
from cohorts.needs.addresses import address_of
from cohorts.needs.group_needs import subject_of_group, today_of
from cohorts.needs.items import Need, NeedButton
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.ui.deleted_outside import read_syncs
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.words import name_date

NOT_SET_UP = "not_set_up"


def find_not_set_up(facts: OpenCohorts) -> Iterator[Need]:
    """Groups without a weekly time are left out: they have an item of their own."""
    if not configured_providers():
        return
    requested = {row.group_id for row in facts.read(read_syncs) if row.is_requested}
    found: dict[int, list[Group]] = defaultdict(list)
    for group in facts.groups.values():
        if group.has_slot and not group.set_up_at and group.pk not in requested:
            found[group.cohort_id].append(group)
    for cohort_id, groups in found.items():
        page = address_of("sync:plan_cohort", cohort_id)
        yield Need(
            NOT_SET_UP,
            cohort_id,
            _describe(len(groups), facts.cohorts[cohort_id].start_date, today_of(facts.now)),
            tuple(subject_of_group(group) for group in groups),
            buttons=(NeedButton("Realize", page, (PERMISSION,), post={}),),
        )


def _describe(groups: int, start: date, today: date) -> str:
    are = "group is" if groups == 1 else "groups are"
    starts = "started" if start < today else "starts"
    return f"{groups} {are} not set up, and the cohort {starts} on {name_date(start)}"
