"""Who is let in by Discord, as whom, and what it leaves behind."""

import re
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.db import IntegrityError, connection
from django.test import Client
from django.urls import NoReverseMatch, get_resolver, reverse

from cohorts.models import Membership, RefusedSignIn, User
from cohorts.reconcile.models import GroupSync
from discordsync.sandbox.oauth.oauth_page import STRANGER
from tests.admin.reading import hidden_of
from tests.lens.sign_in.conftest import ADA, Walk
from tests.support.academy import Academy

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("tell")]

BEN = 200000000000000002


def text_of(answer) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", answer.content.decode()).split())


def leaves_nothing() -> bool:
    """No row of anyone who was not let in, and none of allauth's ever."""
    tables = [EmailAddress, SocialAccount, SocialApp, SocialToken, RefusedSignIn]
    return not any(table.objects.exists() for table in tables)


# -- known ---------------------------------------------------------------------------------------


def test_the_first_time_one_is_found_by_the_address_and_tied_to_it(walk, ada):
    answer = walk.sign_in()
    assert (answer.status_code, answer.headers["Location"]) == (302, "/meetings/")
    assert walk.name == "Ada"
    ada.refresh_from_db()
    assert ada.discord_id == ADA
    assert User.objects.count() == 1
    assert leaves_nothing()


def test_the_address_is_found_in_any_case(walk, ada, tell):
    tell(email="ADA@Example.ORG")
    walk.sign_in()
    assert walk.name == "Ada"


def test_a_returning_person_is_found_by_the_account_with_any_address(walk, ada, tell, sandbox):
    walk.sign_in()
    tell(email=None, verified=False)
    again = Walk(sandbox)
    again.sign_in()
    assert again.name == "Ada"
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


def test_the_account_decides_even_where_the_address_is_another_persons(walk, tell):
    User.objects.create_user("old@example.org", None, name="Ada", discord_id=ADA)
    ben = User.objects.create_user("ada@example.org", None, name="Ben")
    walk.sign_in()
    assert walk.name == "Ada"
    ben.refresh_from_db()
    assert (ben.email, ben.discord_id) == ("ada@example.org", None)
    [told] = RefusedSignIn.objects.all()
    assert (told.code, told.user.name, told.email) == ("address_taken", "Ada", "ada@example.org")


def test_one_comes_to_the_page_that_was_asked_for_and_to_no_other_site(walk, ada, sandbox):
    assert walk.sign_in(next="/groups/").headers["Location"] == "/groups/"
    for evil in ("https://evil.example/", "//evil.example", "javascript:1", "today"):
        assert Walk(sandbox).sign_in(next=evil).headers["Location"] == "/meetings/"


def test_signing_in_begins_a_new_session(walk, ada):
    """So that no one who knew the old one is signed in with it."""
    walk.begin()
    before = walk.client.cookies["sessionid"].value
    walk.sign_in()
    assert walk.client.cookies["sessionid"].value != before
    stolen = Client()
    stolen.cookies["sessionid"] = before
    assert stolen.get("/meetings/").status_code == 302


def test_another_person_in_the_same_browser_takes_over_nothing(walk, ada, tell):
    User.objects.create_user("ben@example.org", None, name="Ben", discord_id=BEN)
    tell(id=str(BEN), username="ben")
    walk.sign_in()
    walk.client.session["of"] = "Ada"
    walk.sign_in(BEN)
    assert walk.name == "Ben"
    assert "of" not in walk.client.session


def test_signing_out(walk, ada):
    walk.sign_in()
    assert walk.client.get("/sign-out/").status_code == 405
    assert walk.client.post("/sign-out/").headers["Location"] == "/sign-in/"
    assert walk.name == ""


# -- what Discord returns ------------------------------------------------------------------------


def test_name_and_picture_are_kept_current_and_a_nickname_wins(walk, ada, tell, sandbox):
    User.objects.filter(pk=ada.pk).update(nickname="Countess")
    tell(global_name="Ada L.", avatar="a1b2c3d4e5f60718293a4b5c6d7e8f90")
    walk.sign_in()
    ada.refresh_from_db()
    assert (ada.discord_name, ada.name, ada.display_name) == ("Ada L.", "Ada", "Countess")
    assert ada.discord_avatar == "a1b2c3d4e5f60718293a4b5c6d7e8f90"
    picture = f"{sandbox.url}/avatars/{ADA}/a1b2c3d4e5f60718293a4b5c6d7e8f90.png"
    assert picture in walk.client.get("/meetings/").content.decode()
    tell(global_name=None, avatar=None)
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert (ada.discord_name, ada.discord_avatar) == ("ada", "")


def test_a_changed_address_becomes_the_persons(walk, ada, tell, sandbox):
    walk.sign_in()
    tell(email="new@example.org")
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert (ada.email, ada.discord_id) == ("new@example.org", ADA)
    assert [each.email for each in ada.former_addresses.all()] == ["ada@example.org"]


def test_a_changed_address_that_is_not_verified_does_not(walk, ada, tell, sandbox):
    walk.sign_in()
    tell(email="new@example.org", verified=False)
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"


def test_an_address_that_staff_chose_since_stays_until_discord_reports_another(
    walk, ada, tell, sandbox
):
    walk.sign_in()
    User.objects.filter(pk=ada.pk).update(email="staff@example.org")
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert ada.email == "staff@example.org"
    tell(email="new@example.org")
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert ada.email == "new@example.org"


def test_another_persons_address_is_not_taken_until_it_is_free(walk, ada, tell, sandbox):
    ben = User.objects.create_user("ben@example.org", None, name="Ben")
    walk.sign_in()
    tell(email="Ben@example.org")
    second = Walk(sandbox)
    assert second.sign_in().status_code == 302
    ada.refresh_from_db()
    assert ada.email == "ada@example.org"
    assert [row.code for row in RefusedSignIn.objects.all()] == ["address_taken"]
    ben.delete()
    Walk(sandbox).sign_in()
    ada.refresh_from_db()
    assert ada.email == "ben@example.org"
    assert not RefusedSignIn.objects.exists()


def test_a_new_id_and_a_new_address_are_announced_and_a_new_name_is_not(walk, tell, now, sandbox):
    academy = Academy(now)
    ada = academy.add_member("Ada", "A")
    group = academy.groups["A"].pk

    def wanted() -> list[int]:
        rows = GroupSync.objects.filter(group=group).order_by("provider")
        return list(rows.values_list("generation", flat=True))

    before = wanted()
    walk.sign_in()  # an id
    tied = wanted()
    assert all(after > earlier for earlier, after in zip(before, tied, strict=True))
    tell(global_name="Ada L.")
    Walk(sandbox).sign_in()
    assert wanted() == tied
    tell(email="new@example.org")
    Walk(sandbox).sign_in()
    assert all(after > earlier for earlier, after in zip(tied, wanted(), strict=True))
    assert Membership.objects.filter(user=ada, group=group).count() == 1


# -- refused -------------------------------------------------------------------------------------


def test_an_unknown_account_gets_a_friendly_page_and_no_person(walk, settings):
    settings.DISCORD_INVITE_URL = "https://discord.gg/academy"
    answer = walk.sign_in(int(STRANGER["id"]))
    assert answer.status_code == 403
    assert "No account found" in text_of(answer)
    assert "https://discord.gg/academy" in answer.content.decode()
    assert walk.name == ""
    assert not User.objects.exists()
    assert leaves_nothing()


def test_an_address_that_is_not_verified_opens_nobodys_account(walk, ada, tell):
    tell(verified=False)
    answer = walk.sign_in()
    assert "Verify your e-mail address on Discord" in text_of(answer)
    ada.refresh_from_db()
    assert (ada.discord_id, walk.name) == (None, "")
    assert leaves_nothing()


def test_a_person_tied_to_another_account_stays_so_and_staff_are_notified(walk, ada, staff):
    User.objects.filter(pk=ada.pk).update(discord_id=BEN)
    for _ in range(2):
        answer = walk.sign_in()
    assert "Another Discord account is linked" in text_of(answer)
    ada.refresh_from_db()
    assert (ada.discord_id, walk.name) == (BEN, "")
    [told] = RefusedSignIn.objects.all()
    assert (told.code, told.user, told.discord_id) == ("other_account", ada, ADA)
    assert told.first_at < told.last_at
    shown = text_of(staff.get("/admin/operations/"))
    assert "the person is linked to another Discord account" in shown
    assert "clear the Discord ID on the person's page" in shown.replace("&#x27;", "'")
    # What staff are advised to do helps.
    User.objects.filter(pk=ada.pk).update(discord_id=None)
    walk.sign_in()
    assert walk.name == "Ada"
    assert not RefusedSignIn.objects.exists()


def test_two_people_with_one_address_in_different_case_are_kept_out_of_the_database(ada):
    with pytest.raises(IntegrityError):
        User.objects.bulk_create([User(email="ADA@example.org", name="Another Ada")])


def test_if_they_exist_all_the_same_no_one_is_guessed_and_staff_are_notified(walk, ada, staff):
    with connection.cursor() as cursor:
        # A database that was filled by other hands, before the constraint.
        cursor.execute("DROP INDEX user_email_in_any_case")
    User.objects.bulk_create([User(email="ADA@example.org", name="Another Ada")])
    answer = walk.sign_in()
    assert "Several people have your address" in text_of(answer)
    assert walk.name == ""
    assert not User.objects.filter(discord_id=ADA).exists()
    assert "several people have this address" in text_of(staff.get("/admin/operations/"))
    User.objects.filter(name="Another Ada").update(email="other@example.org")
    walk.sign_in()
    assert walk.name == "Ada"


def test_a_closed_account_stays_closed(walk, ada):
    User.objects.filter(pk=ada.pk).update(is_active=False)
    answer = walk.sign_in()
    assert "Your account is closed" in text_of(answer)
    ada.refresh_from_db()
    assert (ada.discord_id, walk.name) == (None, "")
    assert leaves_nothing()


# -- closed while signed in ----------------------------------------------------------------------


def test_closing_an_account_signs_out_at_once_and_reopening_it_opens_no_old_session(walk, ada):
    walk.sign_in()
    ada.refresh_from_db()
    ada.is_active = False
    ada.save()
    assert walk.name == ""
    assert walk.client.get("/api/users/me/meetings").status_code in {401, 403}
    ada.is_active = True
    ada.save()
    assert walk.name == ""
    walk.sign_in()
    assert walk.name == "Ada"


def test_closing_an_account_without_the_model_signs_out_at_once_too(walk, ada):
    walk.sign_in()
    User.objects.update(is_active=False)
    assert walk.name == ""


def test_staff_close_an_account_on_its_page(walk, ada, staff):
    walk.sign_in()
    page = f"/admin/cohorts/user/{ada.pk}/change/"
    shown = staff.get(page)
    form = shown.context["adminform"].form
    data = {name: value for name, value in form.initial.items() if value not in (None, False)}
    data = {name: value for name, value in data.items() if name in form.fields}
    data |= hidden_of(shown) | {"is_active": "", "groups": [], "user_permissions": []}
    answer = staff.post(page, data)
    assert answer.status_code == 302, answer.context["adminform"].form.errors
    ada.refresh_from_db()
    assert (ada.is_active, walk.name) == (False, "")


def test_a_saved_person_stays_signed_in(walk, ada):
    walk.sign_in()
    ada.refresh_from_db()
    ada.nickname = "Countess"
    ada.save()
    assert walk.name == "Ada"


# -- no other way in -----------------------------------------------------------------------------


def test_none_of_allauths_own_pages_is_there():
    names = {str(name) for name in get_resolver().reverse_dict if isinstance(name, str)}
    # Ours, by the names by which allauth finds them: it counts failures and asks again.
    allauths = {name for name in names if name.startswith(("account_", "socialaccount_"))}
    assert allauths == {"account_login", "account_reauthenticate"}
    assert {name for name in names if name.startswith("discord_")} == {
        "discord_login",
        "discord_callback",
    }
    for page in ("account_signup", "account_email", "socialaccount_signup"):
        with pytest.raises(NoReverseMatch):
            reverse(page)
    client = Client()
    for address in ("/accounts/signup/", "/accounts/login/", "/accounts/", "/3rdparty/signup/"):
        assert client.get(address).status_code == 404


def test_the_admin_has_none_of_allauths_tables(staff):
    assert "Social" not in text_of(staff.get("/admin/operations/"))
    assert staff.get("/admin/socialaccount/socialapp/add/").status_code == 404


def test_a_page_elsewhere_signs_no_one_in(sandbox):
    assert Client().get("/sign-in/discord/").status_code == 405
    assert Client(enforce_csrf_checks=True).post("/sign-in/discord/").status_code == 403


def test_the_address_cannot_say_what_is_asked_for_or_what_follows(walk, ada):
    address = "/sign-in/discord/?process=connect&scope=guilds&auth_params=prompt%3Dx&action=z"
    asked = walk.client.post(address).headers["Location"]
    assert "guilds" not in asked
    assert "prompt=none" in asked
    walk.come_back(walk.choose(asked, ADA))
    assert walk.name == "Ada"
    assert leaves_nothing()


def test_a15_a_code_is_worth_nothing_without_the_browser_that_asked_for_it(walk, ada, sandbox):
    address = walk.begin()
    asked = dict(parse_qsl(urlsplit(address).query))
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    code = dict(parse_qsl(urlsplit(walk.choose(address, ADA)).query))["code"]
    stolen = requests.post(
        f"{sandbox.url}/api/oauth2/token",
        data={
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": asked["redirect_uri"],
            "client_id": asked["client_id"],
            "client_secret": "sandbox-local",
        },
        timeout=10,
    )
    assert (stolen.status_code, stolen.json()["error"]) == (400, "invalid_grant")


def test_one_is_sent_back_to_the_address_that_is_registered(sandbox, settings):
    settings.SITE_URL = "https://lens.example.org"

    def sent_back_to(host: str) -> str:
        asked = Client(SERVER_NAME=host).post("/sign-in/discord/").headers["Location"]
        return dict(parse_qsl(urlsplit(asked).query))["redirect_uri"]

    registered = "https://lens.example.org/sign-in/discord/callback/"
    assert sent_back_to("testserver") == registered
    assert sent_back_to("localhost") == "http://localhost/sign-in/discord/callback/"
    settings.SANDBOX = False
    assert sent_back_to("localhost") == registered


def test_without_a_client_nothing_is_offered_and_nothing_is_there(ada, settings, sandbox):
    settings.DISCORD_CLIENT_ID, settings.DISCORD_CLIENT_SECRET = None, ""
    client = Client()
    assert "Discord" not in text_of(client.get("/sign-in/"))
    assert client.post("/sign-in/discord/").status_code == 404
    assert client.get("/sign-in/discord/callback/?code=a&state=b").status_code == 404
