"""The first administrator is made from a shell, as docs/staff-reference.md says."""

import pytest

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


def test_the_first_administrator_signs_in_with_the_address_in_any_case(call, client, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "a good long word")
    words = ["createsuperuser", "--noinput", "--email=Olga@Example.org", "--name=Olga"]

    made, again = call(*words), call(*words[:2], "--email=olga@example.ORG", "--name=Olga")

    assert (made.status, again.refusal) == (0, "Error: That e-mail is already taken.")
    sign_in = {"username": "OLGA@example.org", "password": "a good long word"}
    assert client.post("/sign-in/?next=/admin/", sign_in).url == "/admin/"
    assert client.get("/admin/operations/").status_code == 200
