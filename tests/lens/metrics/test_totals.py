"""Totals only grow, whoever adds to them and however old their days are."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts import clock
from cohorts.reconcile.models import RunningTotal
from cohorts.reconcile.runs import totals
from tests.support.race import race

RUNS = totals.key("runs", provider="links", result="done")


@given(st.floats(min_value=0, max_value=10_000))
def test_a_duration_is_counted_under_the_smallest_limit_that_holds(seconds: float) -> None:
    limit = totals.find_limit(seconds)
    if limit == totals.MORE:
        assert seconds > max(totals.LIMITS)
    else:
        assert seconds <= int(limit)
        assert all(seconds > other for other in totals.LIMITS if other < int(limit))


@pytest.mark.django_db(transaction=True)
def test_two_processes_that_begin_a_total_at_once_are_both_counted() -> None:
    now = clock.now()
    race(*[lambda: totals.add_totals({RUNS: 1}, now)] * 4)
    assert totals.read_totals()["runs"] == {"provider=links,result=done": 4}
    assert RunningTotal.objects.count() == 1


@pytest.mark.django_db
def test_merging_old_days_changes_no_sum() -> None:
    now = clock.now()
    for ago in (200, 150, 100, 10, 0):
        totals.add_totals({RUNS: 2.5}, now - timedelta(days=ago))
    for _ in range(2):
        totals.merge_old((now - timedelta(days=90)).date())
        assert totals.read_totals()["runs"] == {"provider=links,result=done": 12.5}
        assert RunningTotal.objects.count() == 3
    assert totals.read_totals(now.date())["runs"] == {"provider=links,result=done": 2.5}
