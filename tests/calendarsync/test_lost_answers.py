"""With any answer lost: one of everything, and one mail about it."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from calendarsync.models import CalendarSeries
from cohorts.models import Membership
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.models import GroupSync, ProviderState, SyncAction
from cohorts.reconcile.runs import provider_state
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.moves import cancel_meeting, move_meeting
from tests.support.spread import in_matrix, thin

pytestmark = pytest.mark.django_db

LOST: list[dict[str, Any]] = [
    {"kind": "drop_after"},
    {"kind": "error_after", "status": 500},
    {"kind": "error_after", "status": 503},
    {"kind": "drop"},
    {"kind": "error", "status": 500},
    {"kind": "rate_limit", "retry_after": 0.2},
    {"kind": "error", "status": 403, "code": "rateLimitExceeded", "retry_after": 0.2},
]
each_loss = pytest.mark.parametrize(
    "fault", thin(LOST, every=1, always=[LOST[0]]), ids=lambda f: f"{f['kind']}-{f.get('status')}"
)


def work_through(calendar: SeenCalendar) -> None:
    """What workers do until nothing is due, through outages and waits."""
    for _ in range(12):
        books_wait = ProviderState.objects.filter(provider="calendar")
        books_wait.update(retry_at=None, parked={})
        GroupSync.objects.filter(issue="rate_limited").update(next_at=calendar.now)
        if not provider_state.has_work("calendar", calendar.now):
            return
        run_once("calendar")
    raise AssertionError(f"still due: {calendar.troubles()}")


def assert_quiet(calendar: SeenCalendar) -> None:
    before = calendar.sandbox.last
    calendar.look()
    assert calendar.writes_since(before) == []


# `make test` tries each place and each of three kinds of loss; the matrix adds the other pairs.
ALWAYS = {("drop_after", 1), ("drop", 2), ("rate_limit", 3)}
INSERTS = [
    pytest.param(
        fault,
        nth,
        id=f"{fault['kind']}-{fault.get('status')}-{nth}",
        marks=() if (fault["kind"], nth) in ALWAYS else pytest.mark.matrix,
    )
    for fault in LOST
    for nth in (1, 2, 3)
]


@pytest.mark.parametrize(("fault", "nth"), INSERTS)
def test_an_insert(academy: Academy, calendar: SeenCalendar, fault: dict, nth: int) -> None:
    calendar.sandbox.set_faults({**fault, "method": "POST", "nth": nth})
    calendar.realize_only(academy)
    work_through(calendar)
    assert len(calendar.all_series) == 3
    assert all(count == 1 for count in Counter(calendar.mails).values())
    assert {name for name, _ in calendar.mails} == {"ada", "alan", "bea", "ben", "cleo", "carl"}
    assert CalendarSeries.objects.filter(made_at__isnull=False).count() == 3
    assert calendar.troubles() == {}
    assert_quiet(calendar)


@each_loss
def test_a_new_members_invitation(realized: Academy, calendar: SeenCalendar, fault: dict) -> None:
    calendar.behave(mails="concerned")
    calendar.sandbox.set_faults({**fault, "method": "PATCH", "nth": 1})
    realized.add_member("Anne", "A")
    work_through(calendar)
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan", "anne"}
    assert calendar.mails == [("anne", "invitation")]
    assert calendar.troubles() == {}
    assert_quiet(calendar)


@pytest.mark.parametrize(("status", "reason"), [(409, "conflict"), (410, "deleted")])
@pytest.mark.parametrize("nth", [1, 2])
def test_a_write_that_met_a_change_is_done_after_reading_again(
    realized: Academy, calendar: SeenCalendar, status: int, reason: str, nth: int
) -> None:
    """The second write is one of those that find out which address Google refuses."""
    fault = {"kind": "error", "status": status, "code": reason, "method": "PATCH", "nth": nth}
    calendar.behave(refuses=["odd@example.org"])
    calendar.sandbox.set_faults(fault)
    for name in ("Anne", "Odd"):
        realized.add_member(name, "A")
    calendar.work()
    assert calendar.invited(calendar.series(realized.groups["A"])) == {"ada", "alan", "anne"}
    assert calendar.troubles() == {"Group A": "address_refused"}
    assert not SyncAction.objects.filter(outcome=SyncAction.Outcome.FAILED).exists()


@pytest.mark.matrix
@each_loss
def test_a_moved_meeting(realized: Academy, calendar: SeenCalendar, fault: dict) -> None:
    calendar.sandbox.set_faults({**fault, "method": "PATCH", "nth": 1})
    meeting = realized.meeting("A", 2)
    move_meeting(meeting.pk, starts_at=meeting.starts_at + timedelta(hours=26), now=calendar.now)
    work_through(calendar)
    meeting.refresh_from_db()
    start = calendar.occurrence(meeting)["start"]["dateTime"]
    assert start == meeting.starts_at.isoformat().replace("+00:00", "Z")
    assert calendar.mails == [("ada", "update"), ("alan", "update")]
    assert_quiet(calendar)


@pytest.mark.matrix
@each_loss
def test_a_cancelled_meeting(realized: Academy, calendar: SeenCalendar, fault: dict) -> None:
    calendar.sandbox.set_faults({**fault, "method": "DELETE", "nth": 1})
    cancel_meeting(realized.meeting("A", 2).pk, now=calendar.now)
    work_through(calendar)
    assert calendar.occurrence(realized.meeting("A", 2))["status"] == "cancelled"
    assert calendar.mails == [("ada", "cancellation"), ("alan", "cancellation")]
    assert_quiet(calendar)


@pytest.mark.parametrize("kind", [in_matrix("unreachable"), "drop_after"])
def test_a_listing(realized: Academy, calendar: SeenCalendar, kind: str) -> None:
    realized.add_member("Anne", "A")
    calendar.sandbox.set_faults({"kind": kind, "method": "GET", "times": 2})
    assert run_once("calendar")
    assert calendar.troubles() == {"": "unreachable"}
    assert not GroupSync.objects.filter(failures__gt=0).exists()
    calendar.sandbox.set_faults()
    work_through(calendar)
    assert "anne" in calendar.invited(calendar.series(realized.groups["A"]))
    assert calendar.troubles() == {}


@pytest.mark.matrix
def test_a_second_send_by_the_client_itself_is_met_by_the_chosen_id(
    academy: Academy, calendar: SeenCalendar
) -> None:
    """httplib2 repeats a POST whose connection was dropped: the answer is 409, and it is ours."""
    calendar.sandbox.set_faults({"kind": "drop_after", "method": "POST", "nth": 1})
    calendar.realize(academy, "A")
    statuses = [call["status"] for call in calendar.calls_since(0) if call["method"] == "POST"]
    assert statuses[-1] == 409
    assert SyncAction.objects.get().error == "It already existed."
    assert calendar.mails == [("ada", "invitation"), ("alan", "invitation")]


def test_a_removed_member_is_not_brought_back_by_a_stale_look(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Someone edits the event between our look and our write: 412, then a new look."""
    group = realized.groups["A"]
    Membership.objects.filter(user__name="Alan").update(status="dropped", left_at=calendar.now)
    changes = {"description": "by hand"}
    calendar.sandbox.set_faults(
        {
            "kind": "delete",
            "method": "PATCH",
            "control": "edit_event",
            "argument": {"event": calendar.series_id(group), "changes": changes},
            "nth": 1,
        }
    )
    calendar.look()
    assert calendar.invited(calendar.series(group)) == {"ada"}
    assert "by hand" not in calendar.series(group)["description"]


def test_a_change_that_a_listing_left_out_is_read_once_google_refuses_a_write(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """No later listing contains that change, so after the 412 everything is listed."""
    group = realized.groups["A"]
    calendar.look()
    by_hand = {"description": "by hand"}
    calendar.do("edit_event", event=calendar.series_id(group), changes=by_hand)
    calendar.sandbox.set_faults({"kind": "truncate", "path": "/events$", "keep": 0})
    calendar.look()
    assert calendar.series(group)["description"] == "by hand"
    calendar.sandbox.set_faults()
    realized.add_member("Anne", "A")
    work_through(calendar)
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}
    assert "by hand" not in calendar.series(group)["description"]
    assert calendar.troubles() == {}
    assert_quiet(calendar)


def test_after_a_refused_write_a_series_that_is_not_listed_is_asked_for(
    realized: Academy, calendar: SeenCalendar
) -> None:
    """Everything is listed after the 412, and that leaves out the series: its people are invited
    nevertheless."""
    group = realized.groups["A"]
    calendar.look()
    by_hand = {"description": "by hand"}
    calendar.do("edit_event", event=calendar.series_id(group), changes=by_hand)
    calendar.sandbox.set_faults({"kind": "truncate", "path": "/events$", "keep": 0})
    realized.add_member("Anne", "A")
    realized.add_member("Bert", "B")
    work_through(calendar)
    assert calendar.invited(calendar.series(group)) == {"ada", "alan", "anne"}
    assert calendar.invited(calendar.series(realized.groups["B"])) == {"bea", "ben", "bert"}
    assert calendar.troubles() == {}
