"""Read the stored drift of live groups, for pages.  One query."""

from dataclasses import dataclass
from datetime import datetime

from cohorts.models import Group, live_group
from cohorts.reconcile.differences import Drift, DriftKind, read_drift
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.provider import configured_providers
from cohorts.validators import read_id


@dataclass(frozen=True, slots=True)
class DriftRow:
    """One difference with its group.  `ref` identifies it on pages."""

    group: Group
    provider: str
    drift: Drift

    @property
    def ref(self) -> str:
        return make_ref(self.group.pk, self.provider, self.drift.key)

    @property
    def since(self) -> datetime:
        return datetime.fromisoformat(self.drift.since)


def make_ref(group_id: int, provider: str, key: str) -> str:
    return f"{group_id}:{provider}:{key}"


def read_ref(ref: str) -> tuple[int, str, str] | None:
    """Return the group, provider and key of a reference; None if it is none."""
    group_id, _, rest = ref.partition(":")
    provider, _, key = rest.partition(":")
    found = read_id(group_id)
    return (found, provider, key) if found and key else None


def read_drift_rows(group_id: int) -> list[DriftRow]:
    """Return the drift of one live group, or of all (0), the worst kind first."""
    rows = GroupSync.objects.filter(live_group("group__"), provider__in=configured_providers())
    rows = rows.filter(group=group_id) if group_id else rows
    rows = rows.exclude(drift=[]).select_related("group__cohort__course")
    found = [
        DriftRow(row.group, row.provider, read_drift(one)) for row in rows for one in row.drift
    ]
    kinds = list(DriftKind)
    return sorted(
        found,
        key=lambda row: (
            kinds.index(row.drift.kind),
            row.group.cohort_id,
            row.group.name,
            row.ref,
        ),
    )
