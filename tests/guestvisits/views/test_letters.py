"""A facilitator writes to those of the group who are at risk, once, after a preview."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.test import Client
from playwright.sync_api import expect

from cohorts.models import Membership, User
from cohorts.outbox.models import Message
from meetings.models import Attendance, Meeting
from tests.guestvisits.views.test_browser import PHONE, open_as  # noqa: F401 - a fixture
from tests.support.accessibility import check_page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def group(academy, now):
    """Bob leads B; Carol missed the weeks 1 and 2, Dan and Eve were there."""
    academy.add_facilitator("Bob", "B")
    for name in ("Carol", "Dan", "Eve"):
        academy.add_member(name, "B")
    Membership.objects.update(joined_at=now - timedelta(days=30))
    for week, ago in ((1, timedelta(days=9)), (2, timedelta(days=2))):
        meeting = academy.meeting("B", week)
        Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - ago)
        see(meeting, "Bob", "Dan", "Eve", at=now - ago)
    return academy.groups["B"]


def see(meeting: Meeting, *names: str, at) -> None:
    for person in User.objects.filter(memberships__group=meeting.group_id):
        seen_at = at if person.name in names else None
        said = {"checked_in_at": seen_at, "not_seen": seen_at is None}
        Attendance.objects.update_or_create(meeting=meeting, user=person, defaults=said)


@pytest.fixture
def bob(group) -> Client:
    client = Client()
    client.force_login(User.objects.get(name="Bob"))
    return client


def post(client: Client, group, do: str, *, page: str = "", **fields: object):
    """Press a button of the page, with what its form holds."""
    hidden = dict(re.findall(r'name="(letter_id|seen|seen_readers)" value="([^"]*)"', page))
    people = [User.objects.get(name="Carol").pk]
    text = {"subject": "We missed you", "text": "Are you well?", "people": people}
    return client.post(f"/groups/{group.pk}/at-risk/", {**text, **hidden, "do": do, **fields})


def test_the_letter_is_sent_once_after_a_preview_and_the_signal_is_over(bob, group):
    assert "Write to people at risk" in bob.get(f"/groups/{group.pk}/").content.decode()
    form = bob.get(f"/groups/{group.pk}/at-risk/").content.decode()
    assert "Carol</bdi>: absent in week 1 and week 2" in form
    assert "Dan" not in form
    assert "We missed you at the last meetings of {group}" in form
    preview = post(bob, group, "preview", page=form).content.decode()
    assert "Hello Carol,\n\nAre you well?\n\nBob, facilitator" in preview
    assert not Message.objects.filter(kind="staff_letter").exists()
    post(bob, group, "send", page=preview)
    again = post(bob, group, "send", page=preview)
    letter = Message.objects.get(kind="staff_letter")
    assert (letter.user.name, letter.state) == ("Carol", "pending")
    page = bob.get(again["Location"]).content.decode()
    assert "1 person gets the letter now." in page
    assert "This letter was sent already." in page
    assert "At risk" not in page


def test_it_goes_to_no_one_who_is_not_at_risk_in_the_group(bob, group, academy):
    olaf = academy.add_member("Olaf", "A")
    others = [olaf.pk, User.objects.get(name="Dan").pk]
    refused = post(bob, group, "preview", people=others)
    assert refused.status_code == 400
    assert "Nobody is in this audience" in refused.content.decode()
    carol = User.objects.get(name="Carol").pk
    page = post(bob, group, "preview", people=[carol, *others]).content.decode()
    assert "To <bdi>Carol</bdi>." in page


def test_if_a_person_comes_back_before_it_is_sent_nothing_is_sent(bob, group, academy, now):
    preview = post(bob, group, "preview").content.decode()
    meeting = academy.meeting("B", 2)
    Attendance.objects.filter(meeting=meeting, user__name="Carol").update(
        checked_in_at=meeting.starts_at, not_seen=False
    )
    answer = post(bob, group, "send", page=preview)
    assert "No one of this group is at risk now." in answer.content.decode()
    assert not Message.objects.filter(kind="staff_letter").exists()


def test_only_the_groups_facilitators_may(group, academy):
    for person in (academy.add_facilitator("Olga", "A"), User.objects.get(name="Carol")):
        client = Client()
        client.force_login(person)
        assert client.get(f"/groups/{group.pk}/at-risk/").status_code == 404
        assert post(client, group, "send").status_code == 404


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_on_a_phone_it_takes_three_taps_and_axe_finds_nothing(open_as, group):  # noqa: F811
    bob = User.objects.get(name="Bob")
    page = open_as(bob, f"/groups/{group.pk}/", viewport=PHONE)
    page.get_by_role("link", name="Write to people at risk").click()
    expect(page.get_by_label("Carol")).to_be_checked()
    check_page(page, "facilitator-letter-1-form")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("article")).to_contain_text("Hello Carol")
    check_page(page, "facilitator-letter-2-preview")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("1 person gets the letter now.")).to_be_visible()
    assert Message.objects.get(kind="staff_letter").user.name == "Carol"
