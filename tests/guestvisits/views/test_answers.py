"""“I'll come”, “Maybe”, “I can't”: without JavaScript, with htmx, and through the API."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils.html import strip_tags
from playwright.sync_api import expect

from guestvisits.models import GuestVisit
from guestvisits.services.booking import book_visit
from guestvisits.services.cancelling import cancel_visit
from meetings.models import Attendance, Meeting
from tests.support.moves import cancel_meeting

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
SAID = {
    "attending": "You're coming.",
    "tentative": "You might come.",
    "not_attending": "You can't come.",
}


@pytest.fixture
def alice(academy):
    return academy.add_member("Alice", "A")


@pytest.fixture
def client(alice) -> Client:
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def visit(academy, alice, now) -> GuestVisit:
    home, host = academy.meeting("A"), academy.meeting("B")
    return book_visit(alice.pk, home_meeting_id=home.pk, host_meeting_id=host.pk, now=now)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", strip_tags(html)).replace("&#x27;", "'")


def article(answer, meeting: Meeting) -> str:
    """What the page says of one meeting."""
    page = answer.content.decode()
    start = page.index(f"/meetings/{meeting.pk}/answer/")
    return words(page[start : page.index("</article>", start)])


def send(client: Client, meeting: Meeting, rsvp: str, **headers):
    return client.post(f"/meetings/{meeting.pk}/answer/", {"rsvp": rsvp}, headers=headers)


@pytest.mark.parametrize("rsvp", SAID)
def test_a_click_answers_and_leads_back_to_the_meeting(client, academy, alice, rsvp):
    meeting = academy.meeting("A", 2)
    assert "Are you coming?" in article(client.get("/meetings/"), meeting)
    answer = send(client, meeting, rsvp)
    if rsvp != "not_attending":
        back = f"/meetings/?shown={meeting.pk}#meeting-{meeting.pk}"
        assert answer.headers["Location"] == back
    assert SAID[rsvp] in article(client.get("/meetings/"), meeting)
    assert "Are you coming?" in article(client.get("/meetings/"), academy.meeting("A"))
    assert Attendance.objects.get(user=alice).rsvp == rsvp


def test_a_person_who_cannot_come_is_led_to_the_other_groups(client, academy):
    meeting = academy.meeting("A")
    assert "See other groups" in article(client.get("/meetings/"), meeting)
    answer = send(client, meeting, "not_attending")
    assert answer.headers["Location"] == f"/meetings/{meeting.pk}/alternatives/"
    answer = send(client, meeting, "not_attending", **HTMX)
    assert f"/meetings/{meeting.pk}/alternatives/" in answer.headers["HX-Location"]
    page = client.get("/meetings/")
    assert "Visit another group this week" in article(page, meeting)
    assert f"/meetings/{meeting.pk}/alternatives/" in page.content.decode()


def test_a_facilitator_who_cannot_come_is_led_to_the_search_for_a_substitute(academy):
    meeting, client = academy.meeting("A"), Client()
    client.force_login(academy.add_facilitator("Bob", "A"))
    answer = send(client, meeting, "not_attending")
    ask = f"/groups/{meeting.group_id}/meetings/{meeting.pk}/substitute/"
    assert answer.headers["Location"] == ask
    academy.add_facilitator("Zoe", "A")
    answer = send(client, meeting, "not_attending")
    assert answer.headers["Location"].startswith("/meetings/?"), "the other one leads it"


def test_no_other_group_has_an_extra_session(client, academy):
    meeting = academy.meeting("A", 4)
    Meeting.objects.filter(pk=meeting.pk).update(number=None, rhythm_starts_at=None)
    answer = send(client, meeting, "not_attending")
    assert answer.headers["Location"].startswith("/meetings/?")


def test_the_list_with_the_answered_meeting_is_open(client, academy):
    folded = '<details class="folded">'
    assert folded in client.get("/meetings/").content.decode()
    answer = send(client, academy.meeting("A", 3), "attending")
    assert folded not in client.get(answer.headers["Location"]).content.decode()


def test_nothing_is_asked_where_there_is_nothing_to_answer(client, academy, visit, now):
    cancel_meeting(academy.meeting("A", 2).pk, now=now)
    Meeting.objects.filter(pk=academy.meeting("A", 3).pk).update(starts_at=now)
    page = client.get("/meetings/").content.decode()
    asked = {int(pk) for pk in re.findall(r'action="/meetings/(\d+)/answer/"', page)}
    assert asked == {visit.host_meeting_id, academy.meeting("A", 4).pk}


def test_a_guest_answers_for_the_visit(client, alice, visit):
    host = visit.host_meeting
    assert SAID["attending"] in article(client.get("/meetings/"), host)
    send(client, host, "not_attending")
    page = article(client.get("/meetings/"), host)
    assert SAID["not_attending"] in page
    assert "The visit stays booked until you cancel it." in page
    assert Attendance.objects.get(user=alice, meeting=host).is_guest


def test_a_refusal_is_shown_on_the_page(client, academy, visit):
    answer = client.post(f"/meetings/{academy.meeting('A').pk}/answer/", {"rsvp": "attending"})
    page = words(client.get(answer.headers["Location"]).content.decode())
    assert (
        "You're visiting Group B in week 1 in place of this meeting. Cancel that visit first."
        in page
    )


@pytest.mark.parametrize("rsvp", ["", "pending", "yes"])
def test_a_form_that_was_tampered_with_changes_nothing(client, academy, rsvp):
    answer = send(client, academy.meeting("A"), rsvp)
    assert "The answer must be" in words(client.get(answer.headers["Location"]).content.decode())
    assert not Attendance.objects.exists()


# -- htmx ----------------------------------------------------------------------------------------


def test_htmx_is_given_the_meetings_part_alone(client, academy, visit):
    for meeting in (academy.meeting("A", 2), visit.host_meeting):
        answer = send(client, meeting, "tentative", **HTMX)
        assert answer.content.decode().lstrip().startswith("<article")
        assert SAID["tentative"] in article(answer, meeting)


def test_htmx_shows_a_refusal_beside_the_buttons(client, academy):
    meeting = academy.meeting("A")
    assert "The answer must be" in article(send(client, meeting, "yes", **HTMX), meeting)


def test_where_nothing_can_be_answered_any_more_the_page_is_reloaded(
    client, academy, alice, visit, now
):
    meeting = academy.meeting("A", 2)
    Meeting.objects.filter(pk=meeting.pk).update(starts_at=now - timedelta(minutes=1))
    answer = send(client, meeting, "attending", **HTMX)
    assert "/meetings/" in answer.headers["HX-Location"]
    assert "has begun, so it is too late" in words(client.get("/meetings/").content.decode())
    cancel_visit(alice.pk, host_meeting_id=visit.host_meeting_id, now=now)
    assert send(client, visit.host_meeting, "attending", **HTMX).status_code == 404


# -- the API -------------------------------------------------------------------------------------


def call(client: Client, meeting: Meeting, body: object):
    address = f"/api/meetings/{meeting.pk}/answer"
    return client.post(address, body, content_type="application/json")


def test_the_api_takes_an_answer(client, academy, alice, visit):
    for meeting, is_guest in ((academy.meeting("A", 2), False), (visit.host_meeting, True)):
        answer = call(client, meeting, {"rsvp": "tentative"})
        assert answer.status_code == 200
        given = Attendance.objects.get(user=alice, meeting=meeting)
        assert answer.json() == {
            "meeting_id": meeting.pk,
            "rsvp": "tentative",
            "rsvp_at": given.rsvp_at.isoformat().replace("+00:00", "Z"),
            "is_guest": is_guest,
        }


def test_the_api_names_what_it_refuses(client, academy, visit):
    def refused(meeting: Meeting, body: object) -> tuple[int, str]:
        answer = call(client, meeting, body)
        assert answer.json()["sentence"]
        return answer.status_code, answer.json()["code"]

    assert refused(academy.meeting("A"), {"rsvp": "attending"}) == (400, "away")
    assert refused(academy.meeting("A", 2), {"rsvp": "pending"}) == (400, "bad_input")
    assert refused(academy.meeting("A", 2), {}) == (400, "bad_input")
    assert refused(academy.meeting("A", 2), ["attending"]) == (400, "bad_input")
    assert refused(academy.meeting("C"), {"rsvp": "attending"}) == (404, "no_meeting")


# -- in a browser --------------------------------------------------------------------------------


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("javascript", [True, pytest.param(False, marks=pytest.mark.matrix)])
def test_answering_in_chromium(browser, live_server, sign_in, academy, alice, javascript):
    context = browser.new_context(
        base_url=live_server.url,
        java_script_enabled=javascript,
        viewport={"width": 360, "height": 740},
    )
    sign_in(context, alice)
    page = context.new_page()
    page.goto("/meetings/")
    page.get_by_role("heading", name="Upcoming meetings").click()
    week = page.get_by_role("article", name="Week 3: Group A")
    week.get_by_role("button", name="Maybe").click()
    expect(week).to_contain_text(SAID["tentative"])
    pressed = week.get_by_role("button", name="Maybe")
    expect(pressed).to_have_attribute("aria-pressed", "true")
    if javascript:
        expect(pressed).to_be_focused()
        assert page.url.endswith("/meetings/"), "the page was not loaded anew"
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    context.close()
