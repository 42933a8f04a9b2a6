"""Who someone is that signs in with Discord, as the table says."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cohorts.services.account_matching import (
    AccountMatch,
    Candidate,
    DiscordProfile,
    MatchOutcome,
    is_new_address,
    match_account,
)

ADA, OTHER = 200000000000000001, 200000000000000002
PROFILE = DiscordProfile(ADA, "Ada", email="ada@example.org")
FREE = Candidate(1, None, is_active=True)
TIED = Candidate(2, ADA, is_active=True)


@pytest.mark.parametrize(
    ("by_id", "by_email", "found"),
    [
        (TIED, [], AccountMatch(MatchOutcome.KNOWN, 2)),
        (TIED, [TIED], AccountMatch(MatchOutcome.KNOWN, 2)),
        (TIED, [FREE], AccountMatch(MatchOutcome.KNOWN, 2)),
        (TIED, [FREE, TIED], AccountMatch(MatchOutcome.KNOWN, 2)),
        (Candidate(2, ADA, is_active=False), [FREE], AccountMatch(MatchOutcome.CLOSED, 2)),
        (None, [FREE], AccountMatch(MatchOutcome.LINK, 1)),
        (None, [], AccountMatch(MatchOutcome.UNKNOWN)),
        (None, [FREE, Candidate(3, None, is_active=True)], AccountMatch(MatchOutcome.AMBIGUOUS)),
        (None, [FREE, Candidate(3, None, is_active=False)], AccountMatch(MatchOutcome.AMBIGUOUS)),
        (None, [Candidate(1, None, is_active=False)], AccountMatch(MatchOutcome.CLOSED, 1)),
        (None, [Candidate(1, OTHER, is_active=True)], AccountMatch(MatchOutcome.OTHER_ACCOUNT, 1)),
        (None, [Candidate(1, OTHER, is_active=False)], AccountMatch(MatchOutcome.CLOSED, 1)),
    ],
)
def test_the_table(by_id, by_email, found):
    assert match_account(PROFILE, by_id, by_email) == found


def test_an_address_that_discord_has_not_verified_is_none():
    assert (
        match_account(DiscordProfile(ADA, "Ada"), None, [FREE]).outcome is MatchOutcome.UNVERIFIED
    )
    assert match_account(DiscordProfile(ADA, "Ada"), TIED, []).outcome is MatchOutcome.KNOWN


candidates = st.builds(
    Candidate, st.integers(1, 3), st.none() | st.sampled_from([ADA, OTHER]), st.booleans()
)


@given(st.none() | candidates, st.lists(candidates, max_size=3), st.booleans())
def test_no_one_is_let_in_but_the_one_who_is_meant(by_id, by_email, verified):
    profile = DiscordProfile(ADA, "Ada", email="ada@example.org" if verified else "")
    found = match_account(profile, by_id, by_email)
    if found.outcome is MatchOutcome.LINK:
        assert verified
        assert by_id is None
        assert [(one.id, one.discord_id, one.is_active) for one in by_email] == [
            (found.person_id, None, True)
        ]
    elif found.outcome is MatchOutcome.KNOWN:
        assert by_id is not None
        assert (by_id.id, by_id.is_active) == (found.person_id, True)
    else:
        assert not found.outcome.lets_in


@pytest.mark.parametrize(
    ("told", "reported_before", "held", "is_new"),
    [
        ("", "", None, False),
        ("", "old@example.org", "old@example.org", False),
        ("new@example.org", "", None, True),
        ("new@example.org", "", "roster@example.org", True),
        ("new@example.org", "old@example.org", "old@example.org", True),
        ("new@example.org", "new@example.org", "staff@example.org", False),  # staff chose since
        ("new@example.org", "old@example.org", "staff@example.org", True),
        ("same@example.org", "", "same@example.org", False),
    ],
)
def test_an_address_is_taken_over_when_discord_reports_another(told, reported_before, held, is_new):
    assert is_new_address(DiscordProfile(ADA, "Ada", email=told), reported_before, held) is is_new


def test_a6_the_address_of_a_staff_account_never_follows_discord():
    profile = DiscordProfile(ADA, "Ada", email="new@example.org")
    assert not is_new_address(profile, "old@example.org", "old@example.org", is_staff=True)
