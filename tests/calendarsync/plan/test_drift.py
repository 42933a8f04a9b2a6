"""Drift of series: each choice ends as its preview said."""

from __future__ import annotations

import pytest

from calendarsync.models import CalendarSeries
from cohorts.models import User
from cohorts.reconcile.differences import Drift, read_drift
from cohorts.reconcile.drift.drift_decisions import DriftDecided, DriftDecision, decide
from cohorts.reconcile.models import GroupSync
from cohorts.services.memberships import end_membership
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy

pytestmark = pytest.mark.django_db


@pytest.fixture
def deleted(realized: Academy, calendar: SeenCalendar) -> Drift:
    """The series of group A was deleted in Google Calendar."""
    calendar.do("delete_event", event=calendar.series_id(realized.groups["A"]))
    calendar.look()
    return find(realized)


def find(realized: Academy) -> Drift:
    row = GroupSync.objects.get(group=realized.groups["A"], provider="calendar")
    (found,) = (read_drift(one) for one in row.drift)
    return found


def choose(realized: Academy, calendar: SeenCalendar, drift: Drift, choice: str) -> DriftDecided:
    person, _ = User.objects.get_or_create(email="max@example.org", is_staff=True)
    group = realized.groups["A"].pk
    one = DriftDecision(group, "calendar", drift.key, drift.digest, choice)
    return decide([one], by=person, now=calendar.now)


def test_a_deleted_series_is_recreated_and_invites_everyone(realized, calendar, deleted):
    assert [one.choice for one in deleted.options] == ["recreate", "forget"]
    assert "2 people get a new invitation" in deleted.options[0].outcome
    assert choose(realized, calendar, deleted, "recreate").done == 1
    calendar.work()
    group = realized.groups["A"]
    assert calendar.series_id(group) != deleted.key
    assert calendar.invited(calendar.series(group)) == {"ada", "alan"}
    assert GroupSync.objects.get(group=group, provider="calendar").drift == []


def test_a_forgotten_series_is_not_created_again(realized, calendar, deleted):
    assert choose(realized, calendar, deleted, "forget").done == 1
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []
    row = GroupSync.objects.get(group=realized.groups["A"], provider="calendar")
    assert (row.drift, row.ready_at, row.realize_requested_at) == ([], None, None)
    calendar.realize(realized, "A")
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan"}


@pytest.mark.parametrize("choice", ["recreate", "forget"])
def test_a_series_that_is_restored_after_the_choice_is_kept_in_sync_again(
    realized, calendar, deleted, choice
):
    """Beside a new series its meetings ahead are cancelled: no one is invited twice."""
    ada, alan = (User.objects.get(name=name) for name in ("Ada", "Alan"))
    assert choose(realized, calendar, deleted, choice).done == 1
    calendar.work()
    calendar.do("edit_event", event=deleted.key, changes={"status": "confirmed"})
    calendar.look()
    assert len(calendar.invitations(ada)) == 4
    end_membership(alan.memberships.get().pk, status="dropped", now=calendar.now)
    calendar.work()
    assert calendar.invitations(alan) == []
    assert calendar.troubles() == {}
    row = GroupSync.objects.get(group=realized.groups["A"], provider="calendar")
    assert row.ready_at is not None


@pytest.mark.matrix
def test_a_second_click_creates_no_second_series(realized, calendar, deleted):
    choose(realized, calendar, deleted, "recreate")
    decided = choose(realized, calendar, deleted, "recreate")
    assert (decided.done, "decided already" in decided.refused[0]) == (0, True)
    calendar.work()
    assert CalendarSeries.objects.filter(group=realized.groups["A"], gone_at=None).count() == 1


@pytest.mark.matrix
def test_changed_times_have_an_advice_and_no_choice(realized, calendar):
    group = realized.groups["A"]
    when = realized.meeting("A", 2).starts_at
    moment = when.isoformat().replace("+00:00", "Z")
    calendar.do("split", event=calendar.series_id(group), at=moment)
    calendar.look()
    drift = find(realized)
    assert (drift.kind, drift.options) == ("edited", ())
    assert "Delete the other part in Google Calendar" in drift.advice
