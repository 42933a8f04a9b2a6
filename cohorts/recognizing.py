"""Who somebody is that signs in with Discord.  Pure.

    known by Discord id | by an address that Discord has verified | outcome
    --------------------|-----------------------------------------|--------------
    one                 | whoever                                 | known
    one, account closed | whoever                                 | closed
    nobody              | several people                          | ambiguous
    nobody              | one, account closed                     | closed
    nobody              | one, tied to another Discord account    | other_account
    nobody              | one                                     | tie
    nobody              | nobody                                  | stranger
    nobody              | Discord has verified none               | unverified

An address that Discord has not verified is never looked for: anybody can enter anybody's.

What Discord tells of a person is taken over when it changes there, as with a calendar's answers: an
address that staff set here afterwards stays until Discord tells another one.  The address of a
staff account never follows Discord: whoever has it can set the account's password.

    address verified there | differs from what was told last | held by         | then
    -----------------------|---------------------------------|-----------------|-----------------
    no                     |                                 |                 | stays
    yes                    | no                              |                 | stays
    yes                    | yes, and the person is staff    |                 | stays
    yes                    | yes                             | somebody else   | stays, staff told
    yes                    | yes                             | nobody else     | is the person's
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    KNOWN = "known"
    TIE = "tie"
    CLOSED = "closed"
    AMBIGUOUS = "ambiguous"
    OTHER_ACCOUNT = "other_account"
    STRANGER = "stranger"
    UNVERIFIED = "unverified"

    @property
    def lets_in(self) -> bool:
        return self in {Outcome.KNOWN, Outcome.TIE}

    @property
    def concerns_staff(self) -> bool:
        """Whether only staff can help: the facts here contradict each other."""
        return self in {Outcome.AMBIGUOUS, Outcome.OTHER_ACCOUNT}


@dataclass(frozen=True, slots=True)
class DiscordProfile:
    """What Discord tells of whoever signs in.

    `email` is in small letters, and "" unless Discord has verified it; `avatar` is the picture's
    hash, "" without one.
    """

    discord_id: int
    name: str
    avatar: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A person here who may be meant."""

    id: int
    discord_id: int | None
    is_active: bool


@dataclass(frozen=True, slots=True)
class Recognition:
    outcome: Outcome
    person_id: int | None = None


def recognize(
    profile: DiscordProfile, by_id: Candidate | None, by_email: Collection[Candidate]
) -> Recognition:
    """`by_email` are the people whose address is the profile's, in any case of its letters."""
    if by_id is not None:
        return Recognition(Outcome.KNOWN if by_id.is_active else Outcome.CLOSED, by_id.id)
    if not profile.email:
        return Recognition(Outcome.UNVERIFIED)
    return _recognize_address(by_email)


def _recognize_address(by_email: Collection[Candidate]) -> Recognition:
    if not by_email:
        return Recognition(Outcome.STRANGER)
    if len(by_email) > 1:
        return Recognition(Outcome.AMBIGUOUS)
    [person] = by_email
    if not person.is_active:
        return Recognition(Outcome.CLOSED, person.id)
    if person.discord_id is not None:
        return Recognition(Outcome.OTHER_ACCOUNT, person.id)
    return Recognition(Outcome.TIE, person.id)


def is_new_address(
    profile: DiscordProfile, told_last: str, held: str | None, *, is_staff: bool = False
) -> bool:
    """Whether Discord tells an address that is to become the person's own."""
    return bool(profile.email) and not is_staff and profile.email not in {told_last, held}
