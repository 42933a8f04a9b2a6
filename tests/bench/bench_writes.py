"""The CPU time of the worker for each write while a cohort is realized, without any limit.

It must not grow with the number of groups. The sandbox runs as a process of its own and is not
counted. tests/cohorts/reconcile/test_growth.py asserts the same by counting.
"""

from __future__ import annotations

import time

import pytest

from cohorts.reconcile.provider import providers
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.registries import Registered
from tests.support.running_sandbox import RunningSandbox

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(1800)]


@pytest.mark.parametrize("groups", [20, 80, 240])
@pytest.mark.parametrize("provider", ["discord", "calendar"])
def test_the_time_of_a_write(
    sandbox: RunningSandbox,
    registered: Registered,
    capsys: pytest.CaptureFixture[str],
    provider: str,
    groups: int,
) -> None:
    registered.only(providers, provider)
    made = make_cohort(groups=groups, members=8, meetings=8)
    join(sandbox, made.people)
    realize(made)

    since = sandbox.last
    began = time.process_time()
    work(provider, slices=60)
    took = time.process_time() - began

    writes = sandbox.writes(since)
    with capsys.disabled():
        each = took / len(writes) * 1000
        print(f"\n{provider}, {groups} groups: {len(writes)} writes, {each:.1f} ms CPU each")  # noqa: T201
