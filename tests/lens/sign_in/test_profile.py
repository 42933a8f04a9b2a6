"""Discord's data about a person."""

import pytest

from cohorts.services.account_matching import DiscordProfile
from lens.sign_in.profile import read_profile

ADA = {"id": "200000000000000001", "username": "ada"}
HASH = "a1b2c3d4e5f60718293a4b5c6d7e8f90"


def test_every_field_that_counts_is_read():
    told = {
        **ADA,
        "global_name": "Ada  Lovelace",
        "avatar": f"a_{HASH}",
        "email": "Ada@Example.ORG",
        "verified": True,
    }
    assert read_profile(told) == DiscordProfile(
        200000000000000001, "Ada Lovelace", f"a_{HASH}", "ada@example.org"
    )


@pytest.mark.parametrize("verified", [False, None, "true", 1])
def test_an_address_counts_only_when_discord_says_that_it_is_verified(verified):
    assert read_profile({**ADA, "email": "ada@example.org", "verified": verified}).email == ""
    assert read_profile({**ADA, "email": "ada@example.org"}).email == ""


@pytest.mark.parametrize(
    "email", [None, 7, "", "ada", "a@b@c", "a b@example.org", "a\x00@b.org", "a@" + "b" * 300]
)
def test_what_is_no_address_is_none(email):
    assert read_profile({**ADA, "email": email, "verified": True}).email == ""


def test_a15_an_address_that_only_resembles_an_ascii_one_is_none():
    assert read_profile({**ADA, "email": "mi\u212ae@example.org", "verified": True}).email == ""


def test_a_name_is_one_line_that_the_database_takes():
    name = read_profile({**ADA, "global_name": "A\x00d\u202ea\n" + "x" * 200}).name
    assert name.startswith("Ada")
    assert len(name) == 80
    assert read_profile({**ADA, "global_name": "\u202e"}).name == "ada"


@pytest.mark.parametrize("avatar", ["../../evil", "a" * 31, 'x" onerror="', None, 7])
def test_a_picture_is_a_hash_or_none(avatar):
    assert read_profile({**ADA, "avatar": avatar}).avatar == ""


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        "ada",
        {},
        {"message": "401: Unauthorized", "code": 0},
        {"id": "1 OR 1=1"},
        {"id": 7},
    ],
)
def test_an_answer_about_no_one_is_refused(told):
    with pytest.raises(ValueError, match="contains no user"):
        read_profile(told)
