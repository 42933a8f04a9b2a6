"""A changed Discord id or address ends every session, and the address of before gets an e-mail."""

from __future__ import annotations

from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client

from cohorts.models import AccountEmail, User
from cohorts.outbox.tasks import send_emails
from tests.admin.reading import hidden_of
from tests.lens.sign_in.conftest import ADA, Walk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tell")]

PEOPLE = "/admin/cohorts/user/"
OTHER = 200000000000000777


def emails() -> list[tuple[str, str]]:
    send_emails()
    return [(email.to[0], email.subject) for email in mail.outbox]


def correct(staff: Client, person: User, **changed: Any) -> None:
    """What staff enter on a person's page."""
    page = f"{PEOPLE}{person.pk}/change/"
    shown = staff.get(page)
    form = shown.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value not in (None, False, [])}
    data = {name: value for name, value in data.items() if name in form.fields}
    answer = staff.post(page, {**data, **hidden_of(shown), **changed})
    assert answer.status_code == 302, answer.context["adminform"].form.errors


@pytest.mark.parametrize(
    ("changed", "subject"),
    [
        ({"discord_id": OTHER}, "Your Discord account was changed"),
        ({"discord_id": ""}, "Your Discord account was changed"),
        ({"email": "new@example.org"}, "Your e-mail address was changed"),
    ],
)
def test_a6_a_change_on_the_persons_page_ends_every_session_and_is_mailed_to_the_old_address(
    walk, ada, staff, sandbox, changed, subject
):
    walk.sign_in()
    second = Walk(sandbox)
    second.sign_in()
    ada.refresh_from_db()
    assert emails() == []  # the first account of a learner is no news
    correct(staff, ada, **changed)
    assert (walk.name, second.name) == ("", "")
    assert walk.client.get("/api/users/me/meetings").status_code in {401, 403}
    assert emails() == [("ada@example.org", subject)]
    assert "new@example.org" not in mail.outbox[0].body
    assert not AccountEmail.objects.exists()
    correct(staff, ada, nickname="Countess")
    assert len(emails()) == 1


@pytest.mark.parametrize(
    "sql",
    ["UPDATE cohorts_user SET discord_id = 200000000000000777 WHERE discord_id IS NOT NULL",
     "UPDATE cohorts_user SET email = 'new@example.org' WHERE discord_id IS NOT NULL"],
)  # fmt: skip
def test_a6_a_change_past_the_model_ends_every_session_too(walk, ada, sql):
    walk.sign_in()
    with connection.cursor() as cursor:
        cursor.execute(sql)
    assert walk.name == ""


def test_a6_a_new_address_from_discord_ends_the_other_sessions_and_the_old_one_gets_an_email(
    walk, ada, tell, sandbox
):
    walk.sign_in()
    tell(email="new@example.org")
    second = Walk(sandbox)
    second.sign_in()
    assert (walk.name, second.name) == ("", "Ada")
    assert emails() == [("ada@example.org", "Your e-mail address was changed")]


def test_a6_a_first_discord_account_of_a_person_with_a_password_is_announced(walk, ada):
    browser = Client()
    browser.force_login(ada)
    walk.sign_in()
    assert browser.get("/meetings/").status_code == 302
    assert emails() == [("ada@example.org", "Your Discord account was changed")]


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_a6_the_address_of_a_staff_account_never_follows_discord(walk, ada, tell, sandbox, rights):
    User.objects.filter(pk=ada.pk).update(discord_id=ADA, discord_email="ada@example.org", **rights)
    walk.sign_in()
    tell(email="new@example.org")
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert (ada.email, ada.former_addresses.count()) == ("ada@example.org", 0)
    assert emails() == []
