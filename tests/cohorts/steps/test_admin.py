"""The staff pages of a step."""

from __future__ import annotations

import re
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django_q.models import Schedule

from cohorts.models import ActivityEntry, CohortStep, User
from cohorts.steps.tasks import carry_out_due
from lens.schedules import disable_bad
from tests.admin.reading import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers", "rename")]


@pytest.fixture
def staff(academy) -> Client:
    olga = academy.add_person("Olga", is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(olga)
    return client


def test_form_preview_with_a_persons_letter_confirmation_and_undo(staff, academy):
    page = f"/admin/cohorts/{academy.cohort.pk}/"
    url = f"/admin/cohorts/cohort/{academy.cohort.pk}/steps/rename/"
    assert url in staff.get(page).content.decode()
    assert "New name" in text_of(staff.get(url))
    assert staff.post(url, {"do": "preview"}).status_code == 400

    said = {"new_name": "Spring", "reason": "a mistake"}
    shown = staff.post(url, {**said, "do": "preview"})
    assert "Autumn becomes Spring" in text_of(shown)
    assert "See you, Ann." in text_of(shown)
    bea = re.search(r'value="(\d+)"[^>]*>Bea', shown.content.decode())[1]
    other = staff.post(url, {**said, "letter": "Hi {name}", "person": bea, "do": "preview"})
    assert "Hi Bea" in text_of(other)
    bad = staff.post(url, {**said, "letter": "Hi {nobody}", "do": "confirm"})
    assert bad.status_code == 400
    assert "{nobody}, which does not exist" in text_of(bad)
    assert not CohortStep.objects.exists()

    seen = re.search(r'name="seen" value="(\w+)"', shown.content.decode())[1]
    stale = staff.post(url, {**said, "letter": "Hi {name}", "seen": "x", "do": "confirm"})
    assert "The data has changed since the preview" in text_of(stale)
    confirm = {**said, "letter": "Hi {name}", "seen": seen, "do": "confirm"}
    done = staff.post(url, confirm, follow=True)
    assert "Until then you can undo it" in text_of(done)
    step = CohortStep.objects.get()
    wake = Schedule.objects.get(name=f"carry out step {step.pk}")
    assert (wake.func, wake.schedule_type) == ("cohorts.steps.tasks.carry_out_all", "O")
    assert abs(wake.next_run - step.due_at) < timedelta(seconds=5)
    assert disable_bad() == []
    assert (step.letter, step.reason) == ("Hi {name}", "a mistake")
    assert "waiting, takes effect on" in text_of(staff.get(page))

    undone = staff.post(f"/admin/cohorts/cohort/steps/{step.pk}/", follow=True)
    assert "no one gets a message" in text_of(undone)
    kinds = ActivityEntry.objects.filter(cohort=step.cohort_id).values_list("kind", flat=True)
    assert list(kinds) == ["step_undone", "step_confirmed"]


def test_a_failing_step_is_on_the_start_page_the_cohorts_page_and_its_own(staff, academy):
    url = f"/admin/cohorts/cohort/{academy.cohort.pk}/steps/rename/"
    said = {"new_name": "Broken"}
    shown = staff.post(url, {**said, "do": "preview"}).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', shown)[1]
    staff.post(url, {**said, "seen": seen, "do": "confirm"})
    step = CohortStep.objects.get()
    carry_out_due(step.due_at)
    said = "could not be carried out"
    assert said in text_of(staff.get(f"/admin/cohorts/{academy.cohort.pk}/"))
    assert said in text_of(staff.get(f"/admin/cohorts/cohort/steps/{step.pk}/"))
    today, operations = staff.get("/admin/"), staff.get("/admin/operations/")
    assert f"Rename, {academy.cohort.course}, {academy.cohort}" in text_of(today)
    assert f"{said} since" in text_of(today)
    assert f"Rename, {academy.cohort.course}, {academy.cohort}: {said}" in text_of(operations)
    for page in (today, operations):
        assert f"/admin/cohorts/cohort/steps/{step.pk}/" in page.content.decode()
    staff.post(f"/admin/cohorts/cohort/steps/{step.pk}/")
    for url in ("/admin/", "/admin/operations/"):
        assert said not in text_of(staff.get(url))


def test_operations_says_in_the_readers_zone_since_when_a_step_fails(staff, academy):
    User.objects.filter(is_staff=True).update(timezone="Asia/Kathmandu")
    now = academy.now
    CohortStep.objects.create(
        cohort=academy.cohort, kind="rename", asked_at=now, due_at=now, failing_since=now
    )
    page = text_of(staff.get("/admin/operations/"))
    local = now.astimezone(ZoneInfo("Asia/Kathmandu"))
    assert f"since {local:%a} {local.day} {local:%b %Y, %H:%M} because of an error in Lens" in page


def test_a_kind_that_does_not_exist_or_is_not_allowed_is_refused(staff, academy):
    assert staff.get(f"/admin/cohorts/cohort/{academy.cohort.pk}/steps/none/").status_code == 404
    eve = academy.add_person("Eve", is_staff=True)
    client = Client()
    client.force_login(eve)
    url = f"/admin/cohorts/cohort/{academy.cohort.pk}/steps/rename/"
    assert client.post(url, {"new_name": "X"}).status_code == 403
