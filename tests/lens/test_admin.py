"""The queue's rows in the admin: to be read, and nothing else."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task
from django_q.tasks import async_task

from cohorts.models import User

pytestmark = pytest.mark.django_db

TABLES = ("schedule", "success", "failure", "ormq")


@pytest.fixture(params=["superuser", "staff with every permission of the queue"])
def client(request: pytest.FixtureRequest) -> Client:
    superuser = request.param == "superuser"
    person = User.objects.create_user(
        "olga@example.org", name="Olga", is_staff=True, is_superuser=superuser
    )
    person.user_permissions.set(Permission.objects.filter(content_type__app_label="django_q"))
    client = Client()
    client.force_login(person)
    return client


def make_rows() -> dict[str, object]:
    async_task("cohorts.reconcile.tasks.sweep")
    now = timezone.now()
    for success in (True, False):
        Task.objects.create(
            id=str(success) * 5, name="t", func="f", started=now, stopped=now, success=success
        )
    schedule = Schedule.objects.create(name="sweep", func="cohorts.reconcile.tasks.sweep")
    queued = OrmQ.objects.get().pk
    return {"schedule": schedule.pk, "success": "True" * 5, "failure": "False" * 5, "ormq": queued}


@pytest.mark.parametrize("table", TABLES)
def test_a3_rows_of_the_queue_are_read_and_never_written(client: Client, table: str) -> None:
    row = make_rows()[table]
    place = f"/admin/django_q/{table}/"
    before = list(Schedule.objects.values()), list(OrmQ.objects.values()), Task.objects.count()

    assert client.get(place).status_code == 200
    assert client.get(f"{place}{row}/change/").status_code == 200
    assert client.get(f"{place}add/").status_code == 403
    form = {"func": "os.system", "schedule_type": "O", "repeats": -1, "lock_0": "2026-01-01"}
    assert client.post(f"{place}add/", form).status_code == 403
    assert client.post(f"{place}{row}/change/", form).status_code == 403
    assert client.post(f"{place}{row}/delete/", {"post": "yes"}).status_code == 403
    for action in ("resubmit_task", "delete_selected"):
        client.post(place, {"action": action, "_selected_action": row, "post": "yes"})

    after = list(Schedule.objects.values()), list(OrmQ.objects.values()), Task.objects.count()
    assert after == before


def test_a3_a_queued_row_is_shown_without_running_what_it_holds(client: Client) -> None:
    OrmQ.objects.create(key="lens", payload="forged", lock=timezone.now())
    async_task("cohorts.reconcile.tasks.sweep")
    page = client.get("/admin/django_q/ormq/").content.decode()
    assert "cohorts.reconcile.tasks.sweep" in page
    assert "It cannot be read." in page
