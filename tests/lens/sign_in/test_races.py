"""At the same moment, on a real database: no one is tied twice, and no one fails."""

from __future__ import annotations

import pytest
from django.utils import timezone

from cohorts.models import RefusedSignIn, User
from cohorts.services.account_matching import DiscordProfile
from cohorts.services.sign_ins import match_sign_in
from tests.support.race import DONE, race

pytestmark = pytest.mark.django_db(transaction=True)

ADA, OTHER = 200000000000000001, 200000000000000002


def arrive(discord_id: int, email: str) -> None:
    match_sign_in(DiscordProfile(discord_id, "Ada", email=email), now=timezone.now())


@pytest.fixture
def ada(transactional_db: None) -> User:
    return User.objects.create_user("ada@example.org", None, name="Ada")


def test_one_account_in_many_windows_is_tied_once(ada: User) -> None:
    calls = [lambda: arrive(ADA, "ada@example.org")] * 6
    assert race(*calls) == [DONE] * 6
    ada.refresh_from_db()
    assert (ada.discord_id, RefusedSignIn.objects.count()) == (ADA, 0)


def test_of_two_accounts_with_one_address_the_first_is_tied_and_staff_are_notified_of_the_other(
    ada: User,
) -> None:
    first = [lambda: arrive(ADA, "ada@example.org")] * 3
    second = [lambda: arrive(OTHER, "ada@example.org")] * 3
    assert race(*first, *second) == [DONE] * 6
    ada.refresh_from_db()
    assert ada.discord_id in {ADA, OTHER}
    [told] = RefusedSignIn.objects.all()
    assert {told.discord_id, ada.discord_id} == {ADA, OTHER}


def test_of_two_people_who_bring_the_same_new_address_one_gets_it() -> None:
    for discord_id in (ADA, OTHER):
        User.objects.create_user(f"{discord_id}@x.org", None, name="A", discord_id=discord_id)
    calls = [lambda: arrive(ADA, "new@example.org"), lambda: arrive(OTHER, "new@example.org")]
    assert race(*calls) == [DONE] * 2
    assert User.objects.filter(email="new@example.org").count() == 1
    assert RefusedSignIn.objects.get().code == "address_taken"
