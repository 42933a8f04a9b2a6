"""How long a session lasts, where one is signed in, and what needs a confirmation."""

from __future__ import annotations

import time

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from cohorts.models import User
from lens.sign_in.sessions import SEEN_AT, SIGNED_IN_AT, has_ended
from tests.admin.reading import hidden_of
from tests.support.second_factor import code_of, give_second_factor

pytestmark = pytest.mark.django_db

PASSWORD = "a long secret"
HOUR = 3600
NOON = 1_800_000_000.0


@pytest.mark.parametrize(
    ("begun", "seen", "ended"),
    [
        (0, None, False),
        (59 * 60, None, False),
        (60 * 60, None, True),
        (11.9 * HOUR, 59 * 60, False),
        (11.9 * HOUR, 60 * 60, True),
        (12 * HOUR, 0, True),
        (None, 0, True),
    ],
)
def test_a15_staff_sessions_last_twelve_hours_and_one_without_a_click(begun, seen, ended):
    """Seconds ago."""
    session = {SIGNED_IN_AT: NOON - begun} if begun is not None else {}
    session |= {SEEN_AT: NOON - seen} if seen is not None else {}
    assert has_ended(session, now=NOON) is ended


def test_a15_the_lengths_are_settings(settings):
    settings.STAFF_SESSION = {"hours": 1, "idle_minutes": 5}
    assert has_ended({SIGNED_IN_AT: NOON - 5 * 60}, now=NOON)
    assert has_ended({SIGNED_IN_AT: NOON - HOUR, SEEN_AT: NOON}, now=NOON)


def age(client: Client, seconds: float) -> None:
    """Let a session be as old, and unused for as long."""
    session = client.session
    session[SIGNED_IN_AT] -= seconds
    session.pop(SEEN_AT, None)
    session.save()


@pytest.mark.parametrize("is_staff", [True, False])
def test_a15_staff_are_signed_out_and_learners_stay(is_staff):
    person = User.objects.create_user("olga@example.org", None, name="Olga", is_staff=is_staff)
    client = Client()
    client.force_login(person)
    age(client, 50 * 60)
    assert client.get("/meetings/").status_code == 200
    age(client, 59 * 60)
    answer = client.get("/meetings/", follow=True)
    assert bool(answer.redirect_chain) is is_staff
    assert ("You were signed out" in answer.content.decode()) is is_staff
    assert client.get("/api/users/me/meetings").status_code == (403 if is_staff else 200)


@pytest.mark.parametrize(
    ("sent_to", "page", "login"),
    [
        ("/admin/people/1/view-as/", "/admin/people/1/", "/admin/login/"),
        ("/groups/1/at-risk/", "/groups/1/", "/sign-in/"),
    ],
)
def test_a_form_that_finds_its_session_expired_says_once_that_staff_were_signed_out(
    sent_to, page, login
):
    client = Client(headers={"Referer": f"http://testserver{page}"})
    client.force_login(User.objects.create_user("olga@example.org", name="Olga", is_staff=True))
    age(client, HOUR)
    answer = client.post(sent_to, follow=True)
    assert answer.redirect_chain[0] == (f"{login}?next={page}", 302)
    shown = [str(message) for message in answer.context["messages"]]
    assert shown == [
        "You were signed out to protect your account. Sign in again.",
        "Nothing was changed.",
    ]


@pytest.mark.parametrize(
    ("referer", "page"),
    [
        ("http://testserver/admin/people/1/?tab=a&b=c", "/admin/people/1/%3Ftab%3Da%26b%3Dc"),
        ("https://evil.example/admin/", "/admin/"),
        ("", "/admin/"),
    ],
)
def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(referer, page):
    """Its own address has no page: a GET there would show nothing at all."""
    client = Client(headers={"Referer": referer})
    answer = client.post("/admin/people/1/view-as/", follow=True)
    assert answer.redirect_chain[0][0] == f"/admin/login/?next={page}"
    assert "You were signed out, so nothing was changed." in answer.content.decode()


def test_a15_a_page_that_updates_itself_keeps_no_one_signed_in():
    client = Client()
    client.force_login(User.objects.create_superuser("olga@example.org", None, name="Olga"))
    age(client, 30 * 60)
    client.get("/meetings/", headers={"HX-Request": "true"})
    assert SEEN_AT not in client.session
    client.get("/meetings/", headers={"HX-Request": "true", "HX-Boosted": "true"})
    assert time.time() - client.session[SEEN_AT] < HOUR


# -- where one is signed in ----------------------------------------------------------------------


def sign_in(**environment: str) -> Client:
    client = Client(**environment)
    client.post("/sign-in/", {"username": "ada@example.org", "password": PASSWORD})
    return client


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada@example.org", PASSWORD, name="Ada")


def test_a2_one_sees_where_one_is_signed_in_and_ends_it_elsewhere(ada):
    here = sign_in(HTTP_USER_AGENT="Laptop")
    there = sign_in(HTTP_USER_AGENT="Phone", REMOTE_ADDR="203.0.113.7")
    page = here.get("/security/devices/").content.decode()
    assert "on 2 devices" in page
    assert page.index("Laptop") < page.index("This device") < page.index("Phone")
    assert "from 203.0.113.7" in page
    here.post("/security/devices/")
    assert there.get("/meetings/").status_code == 302
    assert here.get("/meetings/").status_code == 200


# -- what needs a confirmation -------------------------------------------------------------------


def forget_sign_in(client: Client) -> None:
    """As if more time had passed since it than a confirmation is good for."""
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] -= HOUR
    session.save()


def test_a2_setting_up_a_second_factor_needs_the_password_again(ada):
    client = sign_in()
    assert client.get("/security/app/").status_code == 200
    forget_sign_in(client)
    asked = client.get("/security/app/").headers["Location"]
    assert asked == "/sign-in/again/?next=%2Fsecurity%2Fapp%2F"
    assert "This password is not correct" in client.post(asked, {"password": "x"}).content.decode()
    assert client.get("/security/app/").status_code == 302
    assert client.post(asked, {"password": PASSWORD}).headers["Location"] == "/security/app/"
    assert client.get("/security/app/").status_code == 200


def test_a2_recovery_codes_are_shown_after_a_confirmation_only(ada):
    secret = give_second_factor(ada)
    client = sign_in()
    client.post("/sign-in/code/", {"code": code_of(secret)})
    assert client.get("/security/codes/").status_code == 200
    forget_sign_in(client)
    for page in ("/security/codes/", "/security/codes/file/", "/security/codes/new/"):
        assert client.get(page).headers["Location"].startswith("/sign-in/again/"), page


STAFF_CHANGES = ["/change/", "/password/", "/delete/"]


@pytest.mark.parametrize("what", STAFF_CHANGES)
def test_a2_changing_staff_in_the_admin_needs_a_confirmation(what):
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    sam = User.objects.create_user("sam@example.org", None, name="Sam", is_staff=True)
    bob = User.objects.create_user("bob@example.org", None, name="Bob")
    client = sign_in()
    forget_sign_in(client)
    answer = client.post(f"/admin/cohorts/user/{sam.pk}{what}", {"post": "yes"})
    assert answer.headers["Location"].startswith("/sign-in/again/?next="), answer
    assert User.objects.filter(pk=sam.pk).exists()
    for person in (sam, bob):
        assert client.get(f"/admin/cohorts/user/{person.pk}/change/").status_code == 200
    unconfirmed = client.post(f"/admin/cohorts/user/{bob.pk}{what}", {"is_staff": "on"})
    assert unconfirmed.headers["Location"].startswith("/sign-in/again/")
    learner = client.post(f"/admin/cohorts/user/{bob.pk}/change/", {"name": ""})
    assert learner.status_code == 200, "an everyday change needs none"


@pytest.mark.parametrize("spelling", ["+{}", "%20{}", "{:025}", "{:,}"])
def test_a2_no_other_spelling_of_a_number_saves_the_confirmation(spelling):
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    sam = User.objects.create_user("sam@example.org", None, name="Sam", is_staff=True, pk=5001)
    client = sign_in()
    forget_sign_in(client)
    address = f"/admin/cohorts/user/{spelling.format(sam.pk)}/delete/".replace(",", "_")
    answer = client.post(address, {"post": "yes"})
    assert answer.headers["Location"].startswith("/sign-in/again/?next="), answer
    assert User.objects.filter(pk=sam.pk).exists()


def test_a2_deleting_several_people_at_once_needs_a_confirmation():
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    sam = User.objects.create_user("sam@example.org", None, name="Sam", is_staff=True)
    client = sign_in()
    forget_sign_in(client)
    form = {"action": "delete_selected", "_selected_action": [sam.pk], "post": "yes"}
    # With two lists of actions, the number of the button says which of them counts.
    for second in ({}, {"action": ["delete_selected", ""], "index": 0}):
        answer = client.post("/admin/cohorts/user/", {**form, **second})
        assert answer.headers["Location"].startswith("/sign-in/again/?next="), answer
    assert User.objects.filter(pk=sam.pk).exists()


@pytest.mark.parametrize("what", ["add/", "{}/change/", "{}/delete/", ""])
def test_a2_changing_a_permission_group_needs_a_confirmation(what):
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    helpers = Group.objects.create(name="Helpers")
    client = sign_in()
    forget_sign_in(client)
    form = {"name": "All", "action": "delete_selected", "_selected_action": [helpers.pk]}
    page = f"/admin/auth/group/{what.format(helpers.pk)}"
    assert client.get(page).status_code == 200
    answer = client.post(page, {**form, "post": "yes"})
    assert answer.headers["Location"].startswith("/sign-in/again/?next="), answer
    assert Group.objects.filter(pk=helpers.pk, name="Helpers").exists()
    assert not Group.objects.filter(name="All").exists()


def test_a2_a_change_that_was_sent_is_saved_after_the_confirmation():
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    sam = User.objects.create_user("sam@example.org", None, name="Sam", is_staff=True)
    client = sign_in()
    page = f"/admin/cohorts/user/{sam.pk}/change/"
    hidden = hidden_of(client.get(page))
    forget_sign_in(client)
    form = {
        **hidden,
        "name": "Samuel",
        "email": "sam@example.org",
        "timezone": "UTC",
        **dict.fromkeys(("is_active", "is_staff", "wants_email", "wants_discord"), "on"),
    }
    asked = client.post(page, form).headers["Location"]
    sam.refresh_from_db()
    assert sam.name == "Sam"
    answer = client.post(asked, {"password": PASSWORD})
    assert answer.headers["Location"] == "/admin/cohorts/user/"
    sam.refresh_from_db()
    assert (sam.name, sam.is_staff) == ("Samuel", True)


def test_a2_ones_own_password_is_changed_after_a_confirmation_only():
    User.objects.create_superuser("ada@example.org", PASSWORD, name="Ada")
    client = sign_in()
    assert client.get("/admin/password_change/").status_code == 200
    forget_sign_in(client)
    assert client.get("/admin/password_change/").status_code == 302
