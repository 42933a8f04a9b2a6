"""What cannot succeed without a person: reported with its fix, and not hammered."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from calendarsync.models import CalendarSeries
from cohorts.models import AccessState
from cohorts.reconcile.controller import run_once
from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import GroupSync, ProviderState
from tests.calendarsync.seen import SeenCalendar
from tests.support.academy import Academy
from tests.support.spread import in_matrix

pytestmark = pytest.mark.django_db


def realize_once(academy: Academy, calendar: SeenCalendar) -> ProviderState:
    calendar.realize_only(academy)
    assert run_once("calendar")
    return ProviderState.objects.get(provider="calendar")


def fault(status: int, reason: str, method: str = "POST") -> dict:
    return {"kind": "error", "status": status, "code": reason, "method": method}


@pytest.mark.parametrize(
    ("given", "trouble", "names"),
    [
        (fault(401, "authError", "GET"), "credentials_refused", "GOOGLE_CALENDAR_CREDENTIALS_FILE"),
        in_matrix(fault(404, "notFound", "GET"), "no_calendar", "GOOGLE_CALENDAR_ID"),
        (fault(403, "forbiddenForServiceAccounts"), "no_delegation", "GOOGLE_CALENDAR_SUBJECT"),
        in_matrix(
            fault(403, "requiredAccessLevel"), "calendar_read_only", "Make changes to events"
        ),
        in_matrix(fault(403, "insufficientPermissions"), "scope_missing", "calendar.events"),
        in_matrix(fault(403, "accessNotConfigured", "GET"), "api_off", "Google Cloud console"),
        in_matrix(fault(403, "quotaExceeded"), "quota", "Wait"),
        (fault(503, "backendError", "GET"), "unreachable", "every minute"),
        (fault(410, "fullSyncRequired", "GET"), "google_answer", "every minute"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_it_is_an_issue_of_the_provider_and_no_group_failed(
    academy: Academy, calendar: SeenCalendar, given: dict, trouble: str, names: str
) -> None:
    calendar.sandbox.set_faults(given)
    state = realize_once(academy, calendar)
    assert state.issue == trouble
    assert names in find_issue(trouble).fix
    assert state.retry_at is not None
    assert state.retry_at > datetime.now(UTC)
    assert not GroupSync.objects.filter(failures__gt=0).exists()
    assert len(calendar.calls_since(0)) <= 2

    calendar.sandbox.set_faults()
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert len(calendar.all_series) == 3
    assert calendar.troubles() == {}


def test_a_service_account_without_delegation_may_not_invite(
    academy: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(delegation=False)
    state = realize_once(academy, calendar)
    assert state.issue == "no_delegation"
    assert "Domain-Wide Delegation" in state.issue_detail
    assert calendar.all_series == []
    calendar.behave(delegation=True)
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert len(calendar.all_series) == 3


@pytest.mark.matrix
def test_a_calendar_that_does_not_exist(academy: Academy, calendar: SeenCalendar, settings) -> None:
    settings.GOOGLE_CALENDAR_ID = "nobody@elsewhere.example"
    assert realize_once(academy, calendar).issue == "no_calendar"


@pytest.mark.matrix
def test_a_calendar_that_we_may_only_read(academy: Academy, calendar: SeenCalendar) -> None:
    calendar.behave(access_role="reader")
    assert realize_once(academy, calendar).issue == "calendar_read_only"


@pytest.mark.matrix
def test_no_one_listens(academy: Academy, calendar: SeenCalendar, settings) -> None:
    settings.GOOGLE_CALENDAR_API_BASE = "http://127.0.0.1:9"
    assert realize_once(academy, calendar).issue == "unreachable"


def test_a_used_up_quota_stops_after_what_it_let_through(
    academy: Academy, calendar: SeenCalendar
) -> None:
    calendar.behave(quota=4)
    state = realize_once(academy, calendar)
    assert state.issue == "quota"
    assert len(calendar.all_series) == 2
    calendar.behave(quota=None)
    ProviderState.objects.update(retry_at=None)
    calendar.work()
    assert len(calendar.all_series) == 3
    assert CalendarSeries.objects.count() == 3


@pytest.mark.matrix
def test_one_address_that_google_refuses_is_that_groups_trouble_alone(
    academy: Academy, calendar: SeenCalendar
) -> None:
    member = academy.groups["A"].memberships.first()
    assert member is not None
    type(member.user).objects.filter(pk=member.user_id).update(email="not an address")
    calendar.realize(academy)
    assert len(calendar.all_series) == 3
    row = GroupSync.objects.get(group=academy.groups["A"], provider="calendar")
    assert row.issue == "address_refused"
    assert str(member.user.name) in row.issue_detail
    assert calendar.troubles() == {"Group A": "address_refused"}
    # No one else waits for that address, in the same group either.
    shown = AccessState.objects.filter(provider="calendar")
    refused = shown.get(group=academy.groups["A"], user=member.user)
    assert refused.state != "granted"
    others = shown.exclude(pk=refused.pk)
    assert {each.state for each in others} == {"granted"}
