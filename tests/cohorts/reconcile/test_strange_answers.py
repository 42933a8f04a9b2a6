"""An answer that is not what the service documents is the service's, with any status."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from cohorts import clock
from cohorts.models import Installation
from cohorts.reconcile import services, tasks
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db

SERVICES = {"calendar": ("google", "Google Calendar"), "discord": ("discord", "Discord")}


@pytest.fixture
def made(sandbox, build_once):
    def build():
        Installation.objects.ensure(clock.now())
        made = make_cohort(groups=1, members=2)
        join(sandbox, made.people)
        realize(made)
        for mirror in SERVICES:
            work(mirror)
        return made

    return build_once("one group in both services", build)


@pytest.mark.parametrize("mirror", SERVICES)
@pytest.mark.parametrize("form", [in_matrix("html"), "cut"])
@pytest.mark.parametrize("wrote", [in_matrix(False), True])
def test_o7_a_garbled_answer_is_reported_as_the_services(
    sandbox, made, mirror: str, form: str, wrote: bool
) -> None:
    service, title = SERVICES[mirror]
    late = add_member(made.groups[0])
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    sandbox.set_faults({"kind": "garble", "form": form, "service": service, "wrote": wrote})
    services.resync(mirror)
    tasks.run_provider(mirror)

    state = ProviderState.objects.get(provider=mirror)
    if state.issue:
        assert find_issue(state.issue).sentence == f"{title} returned an unexpected response."
    assert not GroupSync.objects.filter(issue="bug").exists()
    assert wrote or state.issue

    sandbox.set_faults()
    ProviderState.objects.filter(provider=mirror).update(retry_at=None)
    work(mirror)
    assert not ProviderState.objects.get(provider=mirror).issue


@pytest.mark.parametrize("mirror", SERVICES)
@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "garble", "form": "html", "status": 403},
        {"kind": "garble", "form": "html", "status": 404},
        {"kind": "rate_limit", "retry_after": 40},
    ],
)
def test_a_service_that_answers_nothing_useful_is_probed_each_minute_however_long(
    sandbox, made, mirror: str, fault: dict[str, object]
) -> None:
    sandbox.set_faults({"service": SERVICES[mirror][0], **fault})
    for _ in range(5):
        services.resync(mirror)
        ProviderState.objects.filter(provider=mirror).update(retry_at=None)
        tasks.run_provider(mirror)

    state = ProviderState.objects.get(provider=mirror)
    assert state.failures == 5
    assert state.retry_at
    assert state.retry_at - datetime.now(UTC) <= timedelta(minutes=1)

    sandbox.set_faults()
    seen = sandbox.last
    services.resume(mirror)
    work(mirror)
    assert sandbox.writes(since=seen) == []
