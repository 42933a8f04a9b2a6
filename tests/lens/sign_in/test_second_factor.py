"""Second factors: set up, asked for, required of staff, and given back by a command."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from cohorts.models import User
from lens import checks
from tests.lens.sign_in.conftest import ADA
from tests.support.second_factor import code_of, give_second_factor, sign_in

pytestmark = pytest.mark.django_db

PASSWORD = "a long secret"


@pytest.fixture
def olga(db: None) -> User:
    return User.objects.create_superuser("olga@example.org", PASSWORD, name="Olga")


@pytest.fixture
def required(settings) -> None:
    settings.REQUIRE_STAFF_MFA = True


def enter(client: Client, password: str = PASSWORD):
    return client.post("/sign-in/", {"username": "olga@example.org", "password": password})


@pytest.mark.django_db(transaction=True)  # allauth goes on when the transaction is committed
@pytest.mark.usefixtures("required")
def test_a2_staff_set_one_up_before_they_reach_anything(olga):
    client = Client()
    enter(client)
    led = client.get("/admin/operations/", follow=True)
    assert led.redirect_chain == [("/security/app/?next=/admin/operations/", 302)]
    secret = re.search(r'class="key">(\w+)<', led.content.decode()).group(1)
    for page in ("/admin/cohorts/user/", "/groups/", "/meetings/", "/security/"):
        assert client.get(page).headers["Location"].startswith("/security/app/"), page
    refused = client.get("/api/users/me/meetings")
    assert (refused.status_code, refused.json()["code"]) == (403, "second_factor_required")
    assert "not correct" in client.post("/security/app/", {"code": "000000"}).content.decode()
    assert client.get("/admin/operations/").status_code == 302

    done = client.post("/security/app/", {"code": code_of(secret)}, follow=True)
    codes = re.findall(r"<code>(\d{8})</code>", done.content.decode())
    assert len(codes) == 10
    assert client.get("/admin/operations/").status_code == 200
    assert client.get("/api/users/me/meetings").status_code == 200


@pytest.mark.usefixtures("required")
@pytest.mark.parametrize("way", ["password", "discord"])
def test_a2_the_code_is_asked_for_on_every_way_to_sign_in(olga, way, walk, tell):
    secret = give_second_factor(olga)
    client = walk.client
    if way == "password":
        answer = enter(client)
    else:
        User.objects.filter(pk=olga.pk).update(discord_id=ADA)
        tell(email=olga.email)
        answer = walk.sign_in()
    assert answer.headers["Location"] == "/sign-in/code/"
    assert client.get("/admin/operations/").status_code == 302
    assert "not correct" in client.post("/sign-in/code/", {"code": "000000"}).content.decode()
    code = code_of(secret)
    assert client.post("/sign-in/code/", {"code": code}).status_code == 302
    assert client.get("/admin/operations/").status_code == 200
    client.post("/sign-out/")
    enter(client)
    again = client.post("/sign-in/code/", {"code": code})
    assert again.status_code == 200, "a code is good once"


def test_a2_a_recovery_code_signs_in_once(olga):
    give_second_factor(olga)
    codes = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).wrap()
    code = codes.generate_codes()[0]
    for status in (302, 200):
        client = Client()
        enter(client)
        assert client.post("/sign-in/code/", {"code": code}).status_code == status


def test_a2_codes_cannot_be_guessed(olga):
    secret = give_second_factor(olga)
    client = Client()
    enter(client)
    for _ in range(5):
        client.post("/sign-in/code/", {"code": "000000"})
    answer = client.post("/sign-in/code/", {"code": code_of(secret)})
    assert "Too many failed attempts" in answer.content.decode()
    assert client.get("/admin/operations/").status_code == 302


@pytest.mark.usefixtures("required")
def test_a2_a_session_that_began_without_it_asks_for_the_code(olga):
    client = Client()
    client.force_login(olga)
    secret = give_second_factor(olga)
    asked = client.get("/admin/operations/").headers["Location"]
    assert asked == "/sign-in/again/code/?next=/admin/operations/"
    answer = client.post(asked, {"code": code_of(secret)})
    assert answer.headers["Location"] == "/admin/operations/"
    assert client.get("/admin/operations/").status_code == 200


@pytest.mark.usefixtures("required")
def test_a2_a_superuser_without_the_staff_flag_needs_one_too(olga):
    User.objects.update(is_staff=False)
    client = Client()
    client.force_login(olga)
    assert client.get("/groups/").headers["Location"].startswith("/security/app/")
    assert [told.id for told in checks.check_staff()] == ["lens.W041"]


@pytest.mark.usefixtures("required")
def test_a2_a_part_of_a_page_is_not_replaced_by_the_page_that_sets_it_up(olga):
    client = Client(headers={"HX-Request": "true"})
    client.force_login(olga)
    assert client.get("/admin/operations/").headers["HX-Redirect"].startswith("/security/app/")


@pytest.mark.usefixtures("required")
def test_a2_learners_need_none_and_probes_and_files_with_a_token_stay_open(olga):
    learner = User.objects.create_user("ada@example.org", None, name="Ada")
    assert sign_in(learner).get("/meetings/").status_code == 200
    staff = Client()
    staff.force_login(olga)
    assert staff.get("/healthz").status_code == 200
    assert staff.get("/calendar/unknown.ics").status_code == 404


def test_a2_without_the_requirement_staff_need_none(olga):
    client = Client()
    enter(client)
    assert client.get("/admin/operations/").status_code == 200


@pytest.mark.usefixtures("required")
def test_a2_who_turns_it_off_is_led_to_set_up_another(olga):
    client = sign_in(olga)
    assert "Turn off" in client.get("/security/app/off/").content.decode()
    client.post("/security/app/off/")
    assert not Authenticator.objects.exists()
    assert client.get("/admin/operations/").headers["Location"].startswith("/security/app/")


def test_a2_secrets_are_encrypted_at_rest(olga, settings, caplog):
    secret = give_second_factor(olga)
    app = Authenticator.objects.get(type=Authenticator.Type.TOTP)
    seed = Authenticator.objects.get(type=Authenticator.Type.RECOVERY_CODES).data["seed"]
    assert secret not in str(app.data)
    assert app.data["secret"].startswith("gAAAA")
    assert seed.startswith("gAAAA")
    old, settings.SECRET_KEY = settings.SECRET_KEY, "another key"
    assert not app.wrap().validate_code(code_of(secret))
    assert "reset_second_factor" in caplog.text
    settings.SECRET_KEY_FALLBACKS = [old]
    assert app.wrap().validate_code(code_of(secret))


@pytest.mark.usefixtures("required")
def test_a2_the_command_is_the_way_back_in(olga):
    client = sign_in(olga)
    call_command("reset_second_factor", "Olga@Example.org")
    assert not Authenticator.objects.exists()
    assert (
        client.get("/admin/operations/").headers["Location"]
        == "/admin/login/?next=/admin/operations/"
    )
    assert enter(client).headers["Location"] == "/meetings/"
    assert client.get("/admin/operations/").headers["Location"].startswith("/security/app/")
    with pytest.raises(CommandError, match=r"No one has the address x@example\.org"):
        call_command("reset_second_factor", "x@example.org")


@pytest.mark.usefixtures("required")
def test_a2_the_check_for_production_names_staff_without_one(olga):
    sam = User.objects.create_user("sam@example.org", None, name="Sam", is_staff=True)
    give_second_factor(sam)
    User.objects.create_user("ada@example.org", None, name="Ada")
    [told] = checks.check_staff()
    assert (told.id, "Olga" in told.msg, "Sam" in told.msg) == ("lens.W041", True, False)
    give_second_factor(olga)
    assert checks.check_staff() == []


def test_a2_the_check_for_production_says_where_none_is_required(settings):
    settings.SANDBOX = False
    [told] = checks.check_staff()
    assert told.id == "lens.W042"


def test_a2_the_admin_shows_no_secrets_and_no_sessions(olga):
    client = sign_in(olga)
    for table in ("mfa/authenticator", "usersessions/usersession"):
        assert client.get(f"/admin/{table}/").status_code == 404
