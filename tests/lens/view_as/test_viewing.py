"""A programme manager views Lens as Ana: what begins it, what it does not touch, what ends it."""

from __future__ import annotations

import logging
import re
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.contrib.sessions.models import Session
from django.http import HttpResponse
from django.test import Client, override_settings

from cohorts.models import ActivityEntry, Membership, User
from lens.view_as.viewing import MINUTES, is_over
from meetings.models import Attendance

pytestmark = pytest.mark.django_db

BANNER = "You see Lens as Ana does."
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def token_in(page: HttpResponse, action: str) -> str:
    """The token of the form that is sent to this address."""
    form = page.content.decode().partition(f'action="{action}"')[2]
    return TOKEN.search(form)[1]


def press(client: Client, page: HttpResponse, action: str, **data: str) -> HttpResponse:
    return client.post(action, {"csrfmiddlewaretoken": token_in(page, action), **data})


def start(client: Client, person: User) -> HttpResponse:
    page = client.get(f"/admin/people/{person.pk}/")
    return press(client, page, f"/admin/people/{person.pk}/view-as/")


def text_of(response: HttpResponse) -> str:
    return response.content.decode()


def change_session(client: Client, **values: Any) -> None:
    session = client.session
    session["view_as"] = {**session["view_as"], **values}
    session.save()


# -- beginning -----------------------------------------------------------------------------------


def test_it_opens_the_persons_first_page_with_the_banner(client, ana):
    answer = start(client, ana)
    assert answer.headers["Location"] == "/meetings/"
    page = client.get("/meetings/")
    assert BANNER in text_of(page)
    assert "I can't" in text_of(page)
    assert page.headers["Cache-Control"] == "no-store"


def test_it_is_recorded_once_with_the_ids_of_both(client, ana, max_, caplog):
    with caplog.at_level(logging.INFO):
        start(client, ana)
        start(client, ana)
    entry = ActivityEntry.objects.get(kind="viewed_as")
    assert (entry.actor, entry.person) == (max_.pk, ana.pk)
    said = [line for line in caplog.messages if line.startswith("View as")]
    assert said == [f"View as: person {max_.pk} views as person {ana.pk}"]


def test_viewing_as_another_person_takes_its_place(client, ana):
    start(client, ana)
    bob = User.objects.create_user("bob@example.org", name="Bob")
    start(client, bob)
    assert "You see Lens as Bob does." in text_of(client.get("/meetings/"))
    assert ActivityEntry.objects.filter(kind="viewed_as").count() == 2


def test_without_the_permission_there_is_no_button_and_no_view(client, ana, max_):
    max_.groups.clear()
    max_.user_permissions.add(*permission("view_user"))
    assert "View as" not in text_of(client.get(f"/admin/people/{ana.pk}/"))
    loose = Client()
    loose.force_login(max_)
    assert loose.post(f"/admin/people/{ana.pk}/view-as/").status_code == 403
    assert "view_as" not in loose.session


@pytest.mark.parametrize(
    ("field", "says"),
    [("is_active", "is closed"), ("is_staff", "is staff"), ("is_superuser", "is")],
)
def test_staff_and_closed_accounts_have_no_button_and_are_refused(client, ana, field, says):
    User.objects.filter(pk=ana.pk).update(**{field: field != "is_active"})
    page = client.get(f"/admin/people/{ana.pk}/")
    assert "View as" not in text_of(page)
    sign_out = token_in(page, "/admin/logout/")
    sent = {"csrfmiddlewaretoken": sign_out}
    answer = client.post(f"/admin/people/{ana.pk}/view-as/", sent, follow=True)
    assert says in text_of(answer)
    assert "view_as" not in client.session


# -- what it does not touch ----------------------------------------------------------------------


def test_the_persons_own_session_and_sign_in_stay_as_they_are(client, ana):
    theirs = Client()
    theirs.force_login(ana)
    theirs.get("/meetings/")
    before = User.objects.filter(pk=ana.pk).values().get()
    kept = Session.objects.get(pk=theirs.cookies["sessionid"].value).session_data
    start(client, ana)
    for address in ("/meetings/", "/meetings/set-up/", "/groups/", "/nothing/"):
        client.get(address)
    assert User.objects.filter(pk=ana.pk).values().get() == before
    assert Session.objects.get(pk=theirs.cookies["sessionid"].value).session_data == kept
    assert BANNER not in text_of(theirs.get("/meetings/"))


def test_staff_pages_stay_the_viewers_own_and_say_what_is_viewed(client, ana):
    start(client, ana)
    page = text_of(client.get(f"/admin/people/{ana.pk}/"))
    assert "the groups' pages as Ana does." in page
    assert "View as Ana" in page


# -- nothing can be changed ----------------------------------------------------------------------


def answer_form(page: HttpResponse) -> str:
    return re.search(r'action="(/meetings/\d+/answer/)"', text_of(page))[1]


def test_a_form_is_refused_with_the_reason(client, ana):
    start(client, ana)
    page = client.get("/meetings/")
    answer = press(client, page, answer_form(page), rsvp="attending")
    assert answer.status_code == 403
    assert "Nothing was changed: you see Lens as Ana does, and can only look." in text_of(answer)
    assert not Attendance.objects.exclude(rsvp="").exists()


def test_htmx_opens_the_page_again_with_the_reason(client, ana):
    start(client, ana)
    answer = client.post(answer_form(client.get("/meetings/")), headers={"HX-Request": "true"})
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (403, "true")
    assert "Nothing was changed: you see Lens as Ana" in text_of(client.get("/meetings/"))


def test_htmx_opens_a_page_that_is_not_shown_as_a_whole_page(client, ana):
    start(client, ana)
    answer = client.get("/my-data/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert (answer.status_code, answer.headers["HX-Redirect"]) == (403, "/my-data/")
    assert "This page is not shown while you see Lens as Ana" in text_of(client.get("/my-data/"))


def test_a_program_is_refused_with_a_code(client, ana):
    start(client, ana)
    for answer in (client.get("/api/users/me/meetings"), client.post("/api/guest-visits")):
        assert answer.status_code == 403
        assert answer.json()["code"] == "viewing_as"


def test_a_form_of_the_view_does_nothing_after_it_either(client, ana, max_):
    """Not with the manager's own rights: here to cancel a meeting, on the facilitator's page."""
    Membership.objects.filter(user=ana).update(role="facilitator")
    group = ana.memberships.get().group
    meeting = group.meetings.order_by("starts_at").first()
    action = f"/groups/{group.pk}/meetings/{meeting.pk}/cancel/"
    start(client, ana)
    page = client.get(action)
    token = TOKEN.findall(text_of(page).partition("<main")[2])[0]
    press(client, page, f"/admin/people/{ana.pk}/view-as/stop/")
    answer = client.post(action, {"csrfmiddlewaretoken": token, "confirm": "1"})
    assert answer.status_code == 403
    assert "The form was not sent" in text_of(answer)
    meeting.refresh_from_db()
    assert meeting.status == "scheduled"


@override_settings(ROOT_URLCONF="tests.lens.view_as.changing_pages")
@pytest.mark.parametrize("address", ["/meetings/", "/meetings/set-up/"])
def test_a_page_that_changes_something_when_it_is_opened_explains_that(
    client, ana, caplog, address
):
    start(client, ana)
    answer = client.get(address)
    assert answer.status_code == 403
    assert "because opening it would change something" in text_of(answer)
    assert BANNER in text_of(answer)
    assert User.objects.get(pk=ana.pk).name == "Ana"
    assert "changes something when it is opened" in caplog.text
    assert "Changed" not in caplog.text


# -- ending --------------------------------------------------------------------------------------


def test_stop_leads_back_to_the_person(client, ana, max_):
    start(client, ana)
    answer = press(client, client.get("/meetings/"), f"/admin/people/{ana.pk}/view-as/stop/")
    assert answer.headers["Location"] == f"/admin/people/{ana.pk}/"
    page = client.get("/meetings/")
    assert BANNER not in text_of(page)
    assert page.wsgi_request.user.pk == max_.pk


def test_stopping_twice_does_no_harm(client, ana):
    start(client, ana)
    page = client.get("/meetings/")
    for _ in range(2):
        answer = press(client, page, f"/admin/people/{ana.pk}/view-as/stop/")
        assert answer.headers["Location"] == f"/admin/people/{ana.pk}/"


def test_signing_out_on_a_viewed_page_signs_the_viewer_out(client, ana, max_):
    start(client, ana)
    assert press(client, client.get("/meetings/"), "/sign-out/").status_code == 302
    assert client.get("/meetings/").headers["Location"].startswith("/sign-in/")
    client.force_login(max_)
    assert BANNER not in text_of(client.get("/meetings/"))


@pytest.mark.parametrize(
    ("minutes", "over"), [(-1, True), (0, False), (29.9, False), (30, True), (9999, True)]
)
def test_it_lasts_30_minutes(minutes, over):
    assert is_over({"person": 1, "since": 1000.0}, now=1000.0 + minutes * 60) is over


def test_after_that_nothing_that_was_asked_for_as_the_person_is_done_as_the_viewer(client, ana):
    start(client, ana)
    page = client.get("/meetings/")
    change_session(client, since=client.session["view_as"]["since"] - MINUTES * 60)
    answer = press(client, page, answer_form(page), rsvp="attending")
    assert answer.headers["Location"] == "/admin/"
    assert "You see Lens as yourself again" in text_of(client.get("/admin/", follow=True))
    assert "view_as" not in client.session
    assert not Attendance.objects.exclude(rsvp="").exists()


def test_it_ends_when_the_permission_is_withdrawn(client, ana, max_):
    start(client, ana)
    max_.groups.clear()
    assert client.get("/meetings/").headers["Location"] == "/admin/"
    assert BANNER not in text_of(client.get("/meetings/"))


@pytest.mark.parametrize("field", ["is_staff", "is_superuser", "is_active"])
def test_it_ends_when_the_person_can_no_longer_be_viewed(client, ana, field):
    start(client, ana)
    User.objects.filter(pk=ana.pk).update(**{field: field != "is_active"})
    assert client.get("/meetings/").headers["Location"] == "/admin/"
    assert "view_as" not in client.session


def test_it_ends_when_the_person_is_deleted(client, ana):
    start(client, ana)
    change_session(client, person=0)
    answer = client.get("/meetings/", headers={"HX-Request": "true"})
    assert answer.headers["HX-Redirect"] == "/admin/"


def permission(codename: str) -> Any:
    return Permission.objects.filter(codename=codename)
