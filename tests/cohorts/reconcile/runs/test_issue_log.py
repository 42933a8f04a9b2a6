"""An issue that needs a person is one line in the log, and one when it is resolved."""

from __future__ import annotations

import pytest

from cohorts.reconcile import tasks
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.errors import Outage
from cohorts.reconcile.models import GroupSync, ProviderState
from tests.support.cohort import make_cohort, realize, work

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("links")]


@pytest.fixture
def said(caplog):
    """What a minute's sweep logged."""

    def sweep() -> list[str]:
        caplog.clear()
        tasks.sweep()
        return [row.getMessage() for row in caplog.records if row.levelname == "ERROR"]

    return sweep


def test_o1_an_issue_is_logged_once_with_its_fix_and_once_when_it_is_resolved(links, said):
    realize(make_cohort(groups=2))
    links.service.fail("observe", Outage("401", code="link_missing"))
    run_once("links")
    assert said() == ["Meeting links: The link is gone. What to do: Press “Recreate”."]
    assert said() == []
    ProviderState.objects.update(retry_at=None)
    work("links")
    assert said() == ["Meeting links: resolved: The link is gone."]
    assert said() == []


def test_o1_groups_with_the_same_issue_are_one_line_and_no_one_waits_for_realize_in_the_log(said):
    made = make_cohort(groups=7)
    rows = GroupSync.objects.filter(group__in=made.ids, provider="links")
    rows.update(issue="needs_infrastructure")
    assert said() == []
    rows.update(issue="link_missing", issue_detail="Alice's channel")
    (line,) = said()
    assert "Groups: Group 1 (Spring)" in line
    assert "and 2 more." in line
    assert "Alice" not in line


def test_o1_an_outage_does_not_resolve_an_issue(said):
    made = make_cohort(groups=1)
    rows = GroupSync.objects.filter(group__in=made.ids, provider="links")
    rows.update(issue="link_missing")
    assert len(said()) == 1
    rows.update(issue="unreachable")
    assert said() == []
    rows.update(issue="link_missing")
    assert said() == []
    rows.update(issue="removals_held")
    assert [line.partition(": ")[2][:8] for line in said()] == ["resolved", "An unusu"]
