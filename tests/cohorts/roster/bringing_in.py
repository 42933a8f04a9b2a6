"""Brings in a roster, and says what is stored and what is refused."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cohorts import clock
from cohorts.models import Cohort, Course, Group, Membership, User
from cohorts.roster.importing import (
    RosterRefused,
    import_roster,
)
from cohorts.roster.roster_plan import RosterPlan
from tests.support.roster import make_file

NOW = datetime(2027, 1, 4, 12, tzinfo=UTC)
Status = Membership.Status


def bring_in(*lines: dict[str, str], **options: Any) -> RosterPlan:
    return import_roster(make_file(*lines).encode(), now=NOW, **options)


def refuse(*lines: dict[str, str]) -> list[tuple[int, str, str]]:
    """What is reported about these lines; checks that nothing was changed."""
    before = facts()
    with pytest.raises(RosterRefused) as refused:
        bring_in(*lines)
    assert facts() == before
    return [(each.line, each.column, each.sentence) for each in refused.value.problems]


def facts() -> list[list[tuple[Any, ...]]]:
    models = [Course, Cohort, Group, User, Membership]
    return [list(model._default_manager.order_by("pk").values_list()) for model in models]


def seats(status: str = Status.ACTIVE) -> set[tuple[str, str, str]]:
    rows = Membership.objects.filter(status=status)
    return set(rows.values_list("user__name", "group__name", "role"))


def activate() -> Group:
    Group.objects.update(status=Group.Status.ACTIVE, set_up_at=clock.now())
    return Group.objects.get()
