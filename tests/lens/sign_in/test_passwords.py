"""Signing in with a password; "sign in as …" on the sandbox, and nowhere else."""

import os
import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib import admin
from django.contrib.auth.password_validation import validate_password
from django.core import mail
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cohorts import clock
from cohorts.models import AccountEmail, User
from cohorts.outbox.holds import why_held
from cohorts.outbox.models import Message
from cohorts.outbox.tasks import send_emails

pytestmark = pytest.mark.django_db

ROOT = Path(__file__).resolve().parents[3]


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
    assert "Enter a correct" in answer.content.decode()
    assert client.get("/meetings/").status_code == 302


@pytest.mark.parametrize("path", ["/sign-in/", "/admin/login/"])
def test_a2_after_too_many_wrong_passwords_the_right_one_is_refused_too(alice, path):
    client = Client()
    for attempt in range(40):
        client.post(path, {"username": "alice@example.org", "password": f"wrong {attempt}"})
    answer = client.post(path, {"username": "alice@example.org", "password": "a long secret"})
    if path == "/sign-in/":
        assert answer.status_code == 429
    assert client.get("/meetings/").status_code == 302
    bob = User.objects.create_user("bob@example.org", "another long one", name="Bob")
    elsewhere = Client(REMOTE_ADDR="203.0.113.7")
    elsewhere.post("/sign-in/", {"username": bob.email, "password": "another long one"})
    assert elsewhere.get("/meetings/").status_code == 200


def test_a2_an_address_is_protected_from_guesses_that_come_from_many_places(alice):
    def sign_in(password: str, host: int) -> str:
        client = Client(REMOTE_ADDR=f"203.0.113.{host}")
        given = {"username": "Alice@example.org", "password": password}
        return client.post("/sign-in/", given).content.decode()

    for host in range(5):
        assert "Enter a correct" in sign_in("wrong", host)
    assert "Too many failed attempts" in sign_in("a long secret", 6)
    with connection.cursor() as cursor:  # where all web processes count
        cursor.execute("SELECT cache_key FROM lens_cache")
        assert [key for (key,) in cursor.fetchall() if "login_failed" in key]


def test_a2_failures_behind_one_proxy_count_for_their_own_client(alice, settings):
    settings.TRUSTED_PROXIES = ["127.0.0.1"]

    def fail(number: int, client_address: str) -> int:
        return (
            Client()
            .post(
                "/sign-in/",
                {"username": f"{number}@example.org", "password": "wrong"},
                HTTP_X_FORWARDED_FOR=f"{number}.1.1.1, {client_address}",
            )
            .status_code
        )

    assert {fail(number, "203.0.113.7") for number in range(31)} == {200, 429}
    assert fail(40, "203.0.113.8") == 200


def test_a2_there_is_one_sign_in_for_pages_and_admin(alice):
    client = Client()
    led = client.get("/admin/cohorts/", follow=True)
    assert led.redirect_chain[-1][0] == "/sign-in/?next=/admin/cohorts/"
    client.post("/sign-in/", {"username": "alice@example.org", "password": "a long secret"})
    answer = client.get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "This page is for staff" in answer.content.decode()
    User.objects.update(is_staff=True)
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/admin/"
    for elsewhere in ("//evil.example/", "https://evil.example/", "javascript:1", "today"):
        assert client.get(f"/admin/login/?next={elsewhere}").headers["Location"] == "/admin/"


@pytest.mark.parametrize("password", ["short words", "eleven-char"])
def test_a2_a_password_has_twelve_characters_or_more(password):
    with pytest.raises(ValidationError, match="at least 12 characters"):
        validate_password(password)


@pytest.mark.parametrize("look_alike", ["mi\u212ae@example.org", "mike@example.org\u200b"])
def test_a15_an_address_that_only_resembles_mine_is_not_mine(look_alike):
    User.objects.create_user("mike@example.org", "a long secret", name="Mike")
    client = Client()
    client.post("/sign-in/", {"username": look_alike, "password": "a long secret"})
    assert client.get("/meetings/").status_code == 302
    client.post("/password/", {"email": look_alike})
    send_emails()
    assert mail.outbox == []


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


@pytest.mark.parametrize(
    "next_page", ["https://evil.example/", "//evil.example", "javascript:1", "today"]
)
def test_signing_in_leads_to_no_other_site(alice, next_page):
    answer = Client().post(
        "/sign-in/",
        {"username": "alice@example.org", "password": "a long secret", "next": next_page},
    )
    assert answer.headers["Location"] == "/meetings/"


def test_signing_out(alice):
    client = Client()
    client.force_login(alice)
    assert client.get("/sign-out/").status_code == 405  # a link elsewhere signs no one out
    assert client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert client.get("/meetings/").status_code == 302


# -- a new password ------------------------------------------------------------------------------


def ask(address: str, **meta: str):
    return Client(**meta).post("/password/", {"email": address})


@pytest.mark.parametrize("password", ["a long secret", None])
def test_a_password_is_set_by_an_email_also_by_one_who_never_had_one(password):
    User.objects.create_user("carol@example.org", password, name="Carol")
    client = Client()
    client.post("/password/", {"email": "Carol@example.org"})
    send_emails()
    [email] = mail.outbox
    assert email.to == ["carol@example.org"]
    link = re.search(rf"{settings.SITE_URL}(\S+)", email.body).group(1)
    form = client.get(link, follow=True)
    answer = client.post(
        form.redirect_chain[-1][0],
        {"new_password1": "another long one", "new_password2": "another long one"},
        follow=True,
    )
    assert "Password set" in answer.content.decode()
    assert client.login(username="carol@example.org", password="another long one")
    assert "already been used" in client.get(link, follow=True).content.decode()


def test_a7_the_link_leads_to_our_own_address_and_is_kept_nowhere(alice, settings):
    settings.SITE_URL = "https://lens.example.org"
    settings.ALLOWED_HOSTS = ["*"]
    ask("alice@example.org", HTTP_HOST="evil.example")
    assert mail.outbox == []
    assert [row.address for row in AccountEmail.objects.all()] == ["alice@example.org"]
    send_emails()
    [email] = mail.outbox
    assert "https://lens.example.org/password/" in email.body
    assert "evil" not in email.message().as_string()
    assert not AccountEmail.objects.exists()
    assert not Message.objects.exists()


def test_a7_a_known_and_an_unknown_address_cost_the_same_and_get_the_same_answer(alice, settings):
    settings.SANDBOX = False  # whose clock is read again every half second

    def work(address: str, client: str) -> tuple[list[str], int, str]:
        with CaptureQueriesContext(connection) as queries:
            answer = ask(address, REMOTE_ADDR=client)
        shapes = [re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries.captured_queries]
        return shapes, answer.status_code, answer.headers["Location"]

    ask("first@example.org")  # whatever is done once in a process
    assert work("alice@example.org", "10.0.0.1") == work("nobody@example.org", "10.0.0.2")
    assert mail.outbox == []
    send_emails()
    assert [email.to for email in mail.outbox] == [["alice@example.org"]]
    assert not AccountEmail.objects.exists()


@pytest.mark.parametrize("address", ["alice@example.org", "nobody@example.org"])
def test_a7_emails_are_limited_per_address(alice, address):
    answers = [
        ask(address.upper() if n % 2 else address, REMOTE_ADDR=f"10.0.0.{n}").status_code
        for n in range(25)
    ]
    assert answers == [302] * 3 + [429] * 22
    page = ask(address, REMOTE_ADDR="10.0.1.1").content.decode()
    assert "try again in an hour" in page
    assert "1 minute" not in page
    send_emails()
    assert len(mail.outbox) == (3 if address.startswith("alice") else 0)


def test_a7_requests_are_limited_per_client():
    answers = [ask(f"p{n}@example.org").status_code for n in range(35)]
    assert answers == [302] * 30 + [429] * 5
    assert ask("p99@example.org", REMOTE_ADDR="10.0.0.9").status_code == 302


def test_a7_no_hold_keeps_a_link_back(alice, settings):
    send_emails()
    settings.INSTALLATION_ID = "another"
    assert why_held(clock.now())
    ask("alice@example.org")
    send_emails()
    assert [email.to for email in mail.outbox] == [["alice@example.org"]]


def test_a7_staff_see_no_link_and_no_one_gets_one_an_hour_late(alice):
    ask("alice@example.org")
    staff = Client()
    staff.force_login(User.objects.create_superuser("olga@example.org", None, name="Olga"))
    shown = staff.get("/admin/outbox/message/").content.decode()
    assert "password_reset" not in shown
    assert AccountEmail not in admin.site._registry
    AccountEmail.objects.update(requested_at=clock.now() - timedelta(hours=1))
    send_emails()
    assert mail.outbox == []
    assert not AccountEmail.objects.exists()


def test_an_email_that_the_mail_server_did_not_take_is_tried_again(alice, settings):
    ask("alice@example.org")
    backend = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    send_emails()
    settings.EMAIL_BACKEND = backend
    send_emails()
    assert mail.outbox == []
    AccountEmail.objects.update(next_try_at=clock.now())
    send_emails()
    assert len(mail.outbox) == 1


def test_an_unknown_address_gets_no_email_and_the_same_answer(alice):
    known = ask("alice@example.org")
    unknown = ask("nobody@example.org")
    assert known.headers["Location"] == unknown.headers["Location"]
    send_emails()
    assert len(mail.outbox) == 1


def test_one_whose_account_is_closed_gets_no_email_and_no_entry(alice):
    alice.is_active = False
    alice.save()
    ask("alice@example.org")
    send_emails()
    assert mail.outbox == []
    answer = Client().post(
        "/sign-in/", {"username": "alice@example.org", "password": "a long secret"}
    )
    assert answer.status_code == 200


# -- the sandbox ---------------------------------------------------------------------------------


def test_the_sandbox_offers_to_sign_in_as_anyone(alice):
    client = Client()
    assert "Alice" in client.get("/sign-in/").content.decode()
    answer = client.post(f"/sign-in/as/{alice.pk}/")
    assert answer.headers["Location"] == "/meetings/"
    assert "Alice" in client.get("/meetings/").content.decode()


def test_the_sandbox_signs_no_one_in_by_a_link_or_without_a_token(alice):
    assert Client().get(f"/sign-in/as/{alice.pk}/").status_code == 405
    assert Client(enforce_csrf_checks=True).post(f"/sign-in/as/{alice.pk}/").status_code == 403
    assert Client().post(f"/sign-in/as/{10**9}/").status_code == 404


def test_without_a_sandbox_no_account_is_offered_and_no_one_can_choose_one(alice, settings):
    settings.SANDBOX = False
    client = Client()
    assert "Alice" not in client.get("/sign-in/").content.decode()
    assert client.post(f"/sign-in/as/{alice.pk}/").status_code == 404
    assert client.get("/meetings/").status_code == 302


def test_a9_the_sandbox_offers_it_on_its_own_machine_only(alice):
    client = Client(REMOTE_ADDR="203.0.113.7")
    assert "Alice" not in client.get("/sign-in/").content.decode()
    assert client.post(f"/sign-in/as/{alice.pk}/").status_code == 404


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
print(settings.SANDBOX, settings.REQUIRE_STAFF_MFA, reverse("login"))
"""


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        pytest.param(
            {"SECRET_KEY": "of production", "INSTALLATION_ID": "academy"},
            ["not there", "not there", "False True /sign-in/"],
            marks=pytest.mark.matrix,
        ),
        (
            # A sandbox's credentials in production make no sandbox of it.
            {
                "SECRET_KEY": "of production",
                "INSTALLATION_ID": "academy",
                "DISCORD_BOT_TOKEN": "sandbox-local",
                "DISCORD_GUILD_ID": "100000000000000001",
            },
            ["not there", "not there", "False True /sign-in/"],
        ),
        pytest.param(
            {"DEBUG": "1", "SECRET_KEY": "mine"},
            ["there:", "there:", "True False /sign-in/"],
            marks=pytest.mark.matrix,
        ),
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
