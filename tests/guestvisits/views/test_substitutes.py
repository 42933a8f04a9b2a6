"""The pages of substitutes: asking, answering, returning, and leading a meeting."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags

from cohorts import clock
from guestvisits.models import SubstituteOffer, Substitution
from meetings.models import Attendance, Meeting
from tests.guestvisits.substitutes.conftest import SubstituteWorld

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(now) -> SubstituteWorld:
    return SubstituteWorld(now.replace(hour=12))


def client_of(person) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(answer) -> str:
    main = answer.content.decode().split("<main", 1)[1]
    return re.sub(r"\s+", " ", strip_tags(main))


def test_from_i_cant_lead_to_corrected_attendance(world, monkeypatch):
    lea = world.academy.add_member("Lea", "A")
    fay, helper, late = (client_of(p) for p in (world.fay, *world.helpers[:2]))
    group = f"/groups/{world.meeting.group_id}/"
    ask = f"{group}meetings/{world.meeting.pk}/substitute/"
    assert ask in fay.get(group).content.decode()
    assert ask in fay.get("/meetings/").content.decode()
    assert "three at a time" in text(fay.get(ask))
    assert not Substitution.objects.exists()  # opening it asks no one
    page = fay.post(ask, follow=True)
    assert "We are looking for a substitute for Fay." in text(page)
    made = Substitution.objects.get()
    address = f"/substitutes/{made.pk}/"

    offered = text(helper.get(address))
    assert "Can you lead Group A?" in offered
    assert "60 minutes · 1 person expected" in offered
    assert "Fay is away. The first yes gets it." in offered
    assert "Lea" not in offered  # who comes is for the one who leads
    assert SubstituteOffer.objects.filter(answer="").count() == 3  # opening it answers nothing
    assert "Can you lead it?" in text(helper.get("/meetings/"))
    helper.post(f"{address}lead/")
    late_page = late.post(f"{address}lead/", follow=True)
    assert "Helper 0 already leads this meeting." in text(late_page)
    assert "Helper 0 leads this meeting in place of Fay." in text(fay.get(address))
    assert "Helper 0 leads this meeting in place of Fay." in text(fay.get(group))
    assert "Lea" in text(helper.get(address))
    assert helper.get(group)["Location"] == address  # only that meeting
    assert helper.get(f"{group}meetings/{world.meeting.pk}/cancel/").status_code == 404

    correct = f"{group}meetings/{world.meeting.pk}/presence/{lea.pk}/"
    for days, allowed in ((-7, True), (-8, False)):
        start = clock.now() + timedelta(days=days, hours=-1, minutes=2)
        Meeting.objects.filter(pk=world.meeting.pk).update(starts_at=start)
        Substitution.objects.update(chosen_start=start)
        SubstituteOffer.objects.filter(answer="yes").update(answered_at=start)
        Attendance.objects.filter(user=lea).delete()
        answer = helper.post(correct, {"presence": "present", "reason": "She came late"})
        assert Attendance.objects.filter(user=lea, correction="present").exists() is allowed
        assert answer.status_code == (302 if allowed else 404)
    assert not Attendance.objects.filter(user=world.helpers[0]).exists()


def test_the_facilitator_returns_and_the_substitute_may_withdraw(world):
    fay, helper = client_of(world.fay), client_of(world.helpers[0])
    fay.post(f"/groups/{world.meeting.group_id}/meetings/{world.meeting.pk}/substitute/")
    address = f"/substitutes/{Substitution.objects.get().pk}/"
    helper.post(f"{address}lead/")
    helper.post(f"{address}cannot/")
    assert "You have withdrawn" in text(helper.get(address))
    assert fay.post(f"{address}lead/").status_code == 404
    assert helper.post(f"{address}return/").status_code == 404
    assert helper.post(f"{address}nonsense/").status_code == 404
    fay.post(f"{address}return/")
    assert "No substitute is needed any more" in text(fay.get(address))
    assert "No substitute is needed any more" in text(client_of(world.helpers[1]).get(address))
