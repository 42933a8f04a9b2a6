"""Objects of live groups that were deleted, changed or renamed outside."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import urlencode

from cohorts.needs.addresses import address_of
from cohorts.needs.items import Need, NeedButton, NeedSubject
from cohorts.needs.open_cohorts import OpenCohorts
from cohorts.reconcile.differences import Drift, DriftChoice, read_drift
from cohorts.reconcile.drift.drift_rows import make_ref
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import configured_providers
from cohorts.reconcile.ui.staff import PERMISSION
from cohorts.words import count

DELETED_OUTSIDE, RENAMED = "deleted_outside", "renamed"
RECREATE = "recreate"
MUST = (PERMISSION,)


class DeskSync(NamedTuple):
    """The state of a live group in a configured provider.  `drift`: what is not decided yet."""

    group_id: int
    provider: str
    issue: str
    is_requested: bool
    drift: tuple[Drift, ...]


def read_syncs(facts: OpenCohorts) -> list[DeskSync]:
    """Return those that have an issue or drift, or that someone asked to set up.  One query."""
    rows = GroupSync.objects.filter(facts.live("group__"), provider__in=configured_providers())
    found = rows.exclude(issue="", realize_requested_at__isnull=True, drift=[])
    columns = ("group", "provider", "issue", "realize_requested_at", "drift")
    return [
        DeskSync(group_id, provider, issue, requested_at is not None, _open(drift))
        for group_id, provider, issue, requested_at, drift in found.order_by(
            "group__name", "pk"
        ).values_list(*columns)
        if group_id in facts.groups
    ]


def _open(stored: list[dict[str, Any]]) -> tuple[Drift, ...]:
    return tuple(read_drift(one) for one in stored if not one["decided"])


def find_deleted_outside(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, list[NeedSubject]] = defaultdict(list)
    for row in facts.read(read_syncs):
        found[facts.groups[row.group_id].cohort_id] += _serious(facts, row)
    for cohort_id, subjects in found.items():
        if subjects:
            groups = len({subject.key.split(":")[1] for subject in subjects})
            yield Need(
                DELETED_OUTSIDE,
                cohort_id,
                f"Something of {count(groups, 'group')} was deleted or broken outside Lens",
                tuple(subjects),
                follows_from=frozenset({"worker"}),
            )


def _serious(facts: OpenCohorts, row: DeskSync) -> Iterator[NeedSubject]:
    """Yield each object that is not as it must be, or the group if its issue names none."""
    serious = [drift for drift in row.drift if not drift.is_harmless]
    name = facts.groups[row.group_id].name
    for drift in serious:
        ref = make_ref(row.group_id, row.provider, drift.key)
        yield NeedSubject(
            f"group:{ref}", name, f"{drift.what}: {drift.theirs}", button=_open_page(row, drift)
        )
    if not serious and find_issue(row.issue).remedy == RECREATE:
        page = address_of(f"sync:{RECREATE}", row.group_id, row.provider)
        button = NeedButton("Recreate", page, MUST, post={"next": address_of("admin:today")})
        yield NeedSubject(
            f"group:{row.group_id}:{row.provider}",
            name,
            find_issue(row.issue).sentence,
            button=button,
        )


def _open_page(row: DeskSync, drift: Drift) -> NeedButton:
    """Return the link to the choices, with recreating chosen if that is possible."""
    asked = {"group": row.group_id, "next": address_of("admin:today")}
    label = "Open"
    if drift.find_option(DriftChoice.RECREATE):
        ref = make_ref(row.group_id, row.provider, drift.key)
        asked |= {"item": ref, "choice": DriftChoice.RECREATE.value}
        label = "Recreate or forget"
    return NeedButton(label, address_of("drift"), MUST, query=urlencode(asked))


def find_harmless(facts: OpenCohorts) -> Iterator[Need]:
    found: dict[int, list[NeedSubject]] = defaultdict(list)
    for row in facts.read(read_syncs):
        group = facts.groups[row.group_id]
        found[group.cohort_id] += [
            _harmless(row, group.name, drift) for drift in row.drift if drift.is_harmless
        ]
    for cohort_id, subjects in found.items():
        if subjects:
            were = "was" if len(subjects) == 1 else "were"
            yield Need(
                RENAMED,
                cohort_id,
                f"{count(len(subjects), 'object')} {were} renamed, moved or opened further",
                tuple(subjects),
                buttons=(NeedButton("Show choices", address_of("drift"), MUST),),
                is_harmless=True,
            )


def _harmless(row: DeskSync, name: str, drift: Drift) -> NeedSubject:
    ref = make_ref(row.group_id, row.provider, drift.key)
    fields = {
        f"seen:{ref}": drift.digest,
        f"choice:{ref}": DriftChoice.KEEP.value,
        "next": address_of("admin:today"),
    }
    button = NeedButton("Keep as is", address_of("drift"), MUST, post=fields)
    return NeedSubject(f"group:{ref}", name, f"{drift.what}: {drift.theirs}", button=button)
