"""What the log says of sign-ins: who and from where, and never what was typed."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from cohorts.models import User
from tests.support.second_factor import code_of, give_second_factor

pytestmark = pytest.mark.django_db

PASSWORD = "a long secret"


def test_a2_failed_and_successful_sign_ins_are_logged_without_secrets(caplog):
    caplog.set_level(logging.INFO, logger="lens.sign_in")
    olga = User.objects.create_superuser("olga@example.org", PASSWORD, name="Olga")
    secret = give_second_factor(olga)
    client = Client(REMOTE_ADDR="203.0.113.7")

    def enter(username: str, password: str) -> None:
        client.post("/sign-in/", {"username": username, "password": password})

    enter("olga@example.org", "wrong but telling")
    enter("other@example.org", "wrong but telling")
    enter("Olga@example.org", PASSWORD)
    client.post("/sign-in/code/", {"code": "123456"})
    code = code_of(secret)
    client.post("/sign-in/code/", {"code": code})
    client.post("/sign-out/")
    for _ in range(5):
        enter("olga@example.org", "wrong but telling")

    said = [record.getMessage() for record in caplog.records]
    person = f"person {olga.pk}"
    assert said[:4] == [
        f"Sign-in failed: wrong password for {person} from 203.0.113.7",
        "Sign-in failed: wrong password for an unknown person from 203.0.113.7",
        f"Sign-in failed: wrong code for {person} from 203.0.113.7",
        f"Signed in: {person} from 203.0.113.7 (password, mfa)",
    ]
    assert said[-1] == f"Sign-in refused: too many failures for {person} or from 203.0.113.7"
    for secret_text in ("wrong but telling", PASSWORD, "123456", code, secret, "example.org"):
        assert secret_text not in caplog.text
