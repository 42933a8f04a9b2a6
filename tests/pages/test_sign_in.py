"""Signing in with a password; "sign in as …" on the sandbox, and nowhere else."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import mail
from django.test import Client

from cohorts.models import User

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def alice(db) -> User:
    return User.objects.create_user("alice@example.org", "a long secret", name="Alice")


def test_one_signs_in_with_the_address_in_any_case(alice):
    client = Client()
    answer = client.post(
        "/sign-in/", {"username": "Alice@Example.ORG", "password": "a long secret"}
    )
    assert (answer.status_code, answer.headers["Location"]) == (302, "/meetings/")
    assert client.get("/meetings/").status_code == 200


def test_a_wrong_password_is_refused(alice):
    client = Client()
    answer = client.post("/sign-in/", {"username": "alice@example.org", "password": "wrong"})
    assert answer.status_code == 200
    assert "Please enter a correct" in answer.content.decode()
    assert client.get("/meetings/").status_code == 302


def test_after_signing_in_one_comes_to_the_page_that_was_asked_for(alice):
    client = Client()
    asked = client.get("/groups/").headers["Location"]
    answer = client.post(asked, {"username": "alice@example.org", "password": "a long secret"})
    assert answer.headers["Location"] == "/groups/"


def test_after_a_form_sent_signed_out_one_comes_to_ones_meetings(alice):
    client = Client()
    asked = client.post("/meetings/1/visit/", {"host": 2}).headers["Location"]
    answer = client.post(asked, {"username": "alice@example.org", "password": "a long secret"})
    assert answer.headers["Location"] == "/meetings/"


@pytest.mark.parametrize("next_page", ["https://evil.example/", "//evil.example", "javascript:1"])
def test_signing_in_leads_to_no_other_site(alice, next_page):
    answer = Client().post(
        "/sign-in/",
        {"username": "alice@example.org", "password": "a long secret", "next": next_page},
    )
    assert answer.headers["Location"] == "/meetings/"


def test_signing_out(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/sign-out/").status_code == 405  # a link elsewhere signs nobody out
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/meetings/").status_code == 302


@pytest.mark.parametrize("password", ["a long secret", None])
def test_a_password_is_set_by_a_letter_also_by_one_who_never_had_one(password):
    User.objects.create_user("carol@example.org", password, name="Carol")
    client = Client()
    client.post("/password/", {"email": "Carol@example.org"})
    [letter] = mail.outbox
    assert letter.to == ["carol@example.org"]
    link = re.search(r"http://testserver(\S+)", letter.body).group(1)
    form = client.get(link, follow=True)
    answer = client.post(
        form.redirect_chain[-1][0],
        {"new_password1": "another long one", "new_password2": "another long one"},
        follow=True,
    )
    assert "The password is set" in answer.content.decode()
    assert client.login(username="carol@example.org", password="another long one")
    assert "used already" in client.get(link, follow=True).content.decode()


def test_an_unknown_address_gets_no_letter_and_the_same_answer(alice):
    known = Client().post("/password/", {"email": "alice@example.org"})
    unknown = Client().post("/password/", {"email": "nobody@example.org"})
    assert known.headers["Location"] == unknown.headers["Location"]
    assert len(mail.outbox) == 1


def test_one_whose_account_is_closed_gets_no_letter_and_no_entry(alice):
    alice.is_active = False
    alice.save()
    Client().post("/password/", {"email": "alice@example.org"})
    assert mail.outbox == []
    answer = Client().post(
        "/sign-in/", {"username": "alice@example.org", "password": "a long secret"}
    )
    assert answer.status_code == 200


# -- the sandbox ---------------------------------------------------------------------------------


def test_the_sandbox_offers_to_sign_in_as_anybody(alice):
    client = Client()
    assert "Alice" in client.get("/sign-in/").content.decode()
    answer = client.post(f"/sign-in/as/{alice.pk}/")
    assert answer.headers["Location"] == "/meetings/"
    assert "Alice" in client.get("/meetings/").content.decode()


def test_the_sandbox_signs_nobody_in_by_a_link_or_without_a_token(alice):
    assert Client().get(f"/sign-in/as/{alice.pk}/").status_code == 405
    assert Client(enforce_csrf_checks=True).post(f"/sign-in/as/{alice.pk}/").status_code == 403
    assert Client().post(f"/sign-in/as/{10**9}/").status_code == 404


def test_without_a_sandbox_nobody_is_offered_and_nobody_becomes_somebody(alice, settings):
    settings.SANDBOX = False
    client = Client()
    assert "Alice" not in client.get("/sign-in/").content.decode()
    assert client.post(f"/sign-in/as/{alice.pk}/").status_code == 404
    assert client.get("/meetings/").status_code == 302


ASK_FOR_THE_ADDRESS = """
import django
django.setup()
from django.conf import settings
from django.urls import NoReverseMatch, resolve, reverse, Resolver404
for ask in (lambda: reverse("sign-in-as", args=[1]), lambda: resolve("/sign-in/as/1/")):
    try:
        print("there:", ask())
    except (NoReverseMatch, Resolver404):
        print("not there")
print(settings.SANDBOX, reverse("login"))
"""


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (
            {"SECRET_KEY": "of production", "INSTALLATION_ID": "academy"},
            ["not there", "not there", "False /sign-in/"],
        ),
        (
            # A sandbox's credentials in production make no sandbox of it.
            {
                "SECRET_KEY": "of production",
                "INSTALLATION_ID": "academy",
                "DISCORD_BOT_TOKEN": "sandbox-local",
                "DISCORD_GUILD_ID": "100000000000000001",
            },
            ["not there", "not there", "False /sign-in/"],
        ),
        ({"DEBUG": "1", "SECRET_KEY": "mine"}, ["there:", "there:", "True /sign-in/"]),
    ],
)
def test_in_production_the_address_does_not_exist(environment, said):
    done = subprocess.run(
        [sys.executable, "-c", ASK_FOR_THE_ADDRESS],
        cwd=ROOT,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "lens.settings",
            "DATABASE_URL": "sqlite://:memory:",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == len(said)
    assert all(line.startswith(words) for line, words in zip(lines, said, strict=True))
