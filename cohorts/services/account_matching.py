"""Match a Discord sign-in to a person.  Pure.

    matched by Discord id | matched by verified address              | outcome
    ----------------------|------------------------------------------|--------------
    one                   | (ignored)                                | known
    one, account closed   | (ignored)                                | closed
    no one                | several people                           | ambiguous
    no one                | one, account closed                      | closed
    no one                | one, linked to another Discord account   | other_account
    no one                | one                                      | link
    no one                | no one                                   | unknown
    no one                | the profile has no verified address      | unverified

Addresses that Discord has not verified are never matched: anyone can enter any address there.

An address is copied from Discord only when it changes there, so that a correction by staff stays
until Discord reports another address.  A staff account never takes over an address from Discord:
the owner of the address could reset the account's password.

    verified | differs from the last one reported | used by another person | then
    ---------|------------------------------------|------------------------|----------------------
    no       |                                    |                        | unchanged
    yes      | no                                 |                        | unchanged
    yes      | yes, and the person is staff       |                        | unchanged
    yes      | yes                                | yes                    | unchanged, staff are
             |                                    |                        | notified
    yes      | yes                                | no                     | copied to the person
"""

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class MatchOutcome(StrEnum):
    KNOWN = "known"
    LINK = "link"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"
    OTHER_ACCOUNT = "other_account"
    UNKNOWN = "unknown"
    UNVERIFIED = "unverified"

    @property
    def lets_in(self) -> bool:
        return self in {MatchOutcome.KNOWN, MatchOutcome.LINK}

    @property
    def concerns_staff(self) -> bool:
        """Return whether only staff can resolve this: the stored data is contradictory."""
        return self in {MatchOutcome.AMBIGUOUS, MatchOutcome.OTHER_ACCOUNT}


@dataclass(frozen=True, slots=True)
class DiscordProfile:
    """What Discord reports about the person who signs in.

    `email` is lower case, and "" unless Discord has verified it; `avatar` is the hash of the
    picture, "" if there is none.
    """

    discord_id: int
    name: str
    avatar: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person in our database who may be the one who signs in."""

    id: int
    discord_id: int | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class AccountMatch:
    outcome: MatchOutcome
    person_id: int | None = None


def match_account(
    profile: DiscordProfile, by_id: Candidate | None, by_email: Collection[Candidate]
) -> AccountMatch:
    """Match a profile to a person.

    `by_email` are the people whose address equals the profile's, ignoring case.
    """
    if by_id is not None:
        return AccountMatch(
            MatchOutcome.KNOWN if by_id.is_active else MatchOutcome.CLOSED, by_id.id
        )
    if not profile.email:
        return AccountMatch(MatchOutcome.UNVERIFIED)
    return _match_address(by_email)


def _match_address(by_email: Collection[Candidate]) -> AccountMatch:
    if not by_email:
        return AccountMatch(MatchOutcome.UNKNOWN)
    if len(by_email) > 1:
        return AccountMatch(MatchOutcome.AMBIGUOUS)
    [person] = by_email
    if not person.is_active:
        return AccountMatch(MatchOutcome.CLOSED, person.id)
    if person.discord_id is not None:
        return AccountMatch(MatchOutcome.OTHER_ACCOUNT, person.id)
    return AccountMatch(MatchOutcome.LINK, person.id)


def is_new_address(
    profile: DiscordProfile, reported_before: str, current: str | None, *, is_staff: bool = False
) -> bool:
    """Return whether the profile's address should become the person's own."""
    return bool(profile.email) and not is_staff and profile.email not in {reported_before, current}
