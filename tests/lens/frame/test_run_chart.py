"""Operations shows how long runs took, to those who may see runs."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts import clock
from cohorts.models import User
from cohorts.reconcile.models import SyncRun
from cohorts.words import abbreviate_date

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]

NOTHING = "No run has changed anything in the last 14 days."


@pytest.fixture
def max_(db: None) -> User:
    return User.objects.create_user("max@example.org", name="Max", is_staff=True)


def open_operations(person: User, *permissions: str) -> str:
    person.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(person)
    return client.get("/admin/operations/").content.decode()


def test_runs_are_counted_by_day_and_by_how_long_they_took(max_):
    now = clock.now()
    for ago, seconds in ((0, 2), (0, 9.9), (0, 10), (0, 61), (0, None), (3, 5), (20, 5)):
        started_at = now - timedelta(days=ago)
        ended_at = None if seconds is None else started_at + timedelta(seconds=seconds)
        SyncRun.objects.create(provider="discord", started_at=started_at, ended_at=ended_at)
    SyncRun.objects.create(provider="discord", mode="plan", started_at=now)
    html = open_operations(max_, "view_syncrun")
    rows = html.partition("<figure")[2].partition("<tbody>")[2].partition("</tbody>")[0]
    assert [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in rows.split("</tr>")[:-1]] == [
        [abbreviate_date((now - timedelta(days=3)).date()), "1", "0", "0", "0", "1"],
        [abbreviate_date(now.date()), "2", "1", "1", "1", "5"],
    ]


def test_without_runs_or_the_right_to_see_them_there_is_no_chart(max_):
    assert NOTHING in open_operations(max_, "view_syncrun")
    SyncRun.objects.create(provider="discord", ended_at=clock.now())
    html = open_operations(max_, "view_workerheartbeat")
    assert NOTHING not in html
    assert "<figure" not in html
