"""The deletion of rows that are no longer needed."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone
from django_q.models import Task

from cohorts import clock
from cohorts.models import ActivityEntry
from lens.housekeeping import KEEP_ACTIVITY, STEPS, prune, steps_from

pytestmark = pytest.mark.django_db

REFUSE = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN RAISE EXCEPTION 'broken index'; END $$;
CREATE TRIGGER refuse BEFORE DELETE ON django_session EXECUTE FUNCTION refuse();
"""


def test_a_table_that_fails_keeps_no_other_from_being_pruned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    long_ago = clock.now() - KEEP_ACTIVITY - timedelta(days=1)
    Task.objects.create(id="1", name="old", func="x", started=long_ago, stopped=long_ago)
    ActivityEntry.objects.create(kind="added", at=long_ago)
    Session.objects.create(session_key="old", session_data="", expire_date=long_ago)
    with connection.cursor() as cursor:
        cursor.execute(REFUSE)
    prune()
    assert not Task.objects.exists()
    assert not ActivityEntry.objects.exists()
    assert Session.objects.exists()
    [error] = [each for each in caplog.records if each.levelname == "ERROR"]
    assert error.getMessage() == "Housekeeping failed for ended sign-ins"
    assert error.exc_info


def test_a_table_that_takes_too_long_is_not_always_before_the_others() -> None:
    """Its task is ended after two minutes, with what would have come after it."""
    now = timezone.now()
    orders = [list(steps_from(now + timedelta(hours=hour))) for hour in range(len(STEPS))]
    assert {order[0] for order in orders} == set(STEPS)
    assert all(sorted(order) == sorted(STEPS) for order in orders)
