"""Why a person can or cannot see a group in a service: a reason, and what to do.  Pure.

The first matching row decides.

    what is known                                    has                    reason
    -----------------------------------------------  ---------------------  -----------------------
    nothing is expected, something is reported       as reported            no longer belongs to it
    the account is closed                            no access              that
    access begins later                              not yet                when
    granted, rules not accepted                      no access yet          that
    granted, declined the whole series               invited, declined      that
    granted                                          has access, invited
    no account linked, no address, address refused   no access              that
    the group is not set up                          no access              the group's status
    not in the server                                no access              that, since when
    withheld, failed                                 no access              as reported
    the group or the service has a problem           no access              the group's status
    on its way, nothing reported                     on its way             about a minute
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from calendarsync.plan.review import ADDRESS_REFUSED
from cohorts.admin_base.reader_time import show_time
from cohorts.models import AccessState, User
from cohorts.reconcile.status_text import Level, SyncStatus
from discordsync.plan.review import RULES_PENDING

State = AccessState.State
DISCORD, CALENDAR = "discord", "calendar"
HAS = {CALENDAR: "invited"}  # elsewhere: "has access"
LACKS = {CALENDAR: "not invited"}
PROBLEMS = {Level.TODO, Level.WAITING, Level.BAD}


@dataclass(frozen=True, slots=True)
class PlaceFacts:
    """One person in one group and one service.

    `begins_at`: when access is due, None if none is. `state` and `reason` are what the last
    comparison reported, "" if nothing.  `status` is the group's.  `left_at`: when the person left
    the Discord server, if they did.
    """

    provider: str
    begins_at: datetime | None
    state: str
    reason: str
    status: SyncStatus
    is_set_up: bool = True
    has_declined: bool = False
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AccessLine:
    """What a person has, why, and what to do.  `page` names the page that helps: "settings",
    "remind", "group" (the group's own status and button) or ""."""

    has: str
    level: Level
    reason: str = ""
    fix: str = ""
    page: str = ""


def explain(person: User, place: PlaceFacts, now: datetime) -> AccessLine:
    has = HAS.get(place.provider, "has access")
    lacks = LACKS.get(place.provider, "no access")
    granted = place.state == State.GRANTED
    if place.begins_at is None:
        words = has if granted else lacks
        return AccessLine(
            words, Level.WAITING, f"{person} no longer belongs to this group.", page="group"
        )
    if not person.is_active:
        reason = "The account is closed."
        return AccessLine(lacks, Level.BAD, reason, "Tick “active” in the settings.", "settings")
    if place.begins_at > now:
        return AccessLine("not yet", Level.FINE, f"It begins {show_time(place.begins_at)}.")
    if granted:
        return _explain_granted(person, place, has)
    return _explain_missing(person, place, lacks)


def _explain_granted(person: User, place: PlaceFacts, has: str) -> AccessLine:
    if place.reason == RULES_PENDING:
        fix = f"Ask {person} to open the server in Discord and accept its rules."
        return AccessLine("no access yet", Level.BAD, RULES_PENDING, fix)
    if place.has_declined:
        fix = f"Ask {person} to answer “Yes” in the calendar, if that was a mistake."
        reason = "Declined the whole series in the calendar, which may hide it there."
        return AccessLine(f"{has}, declined", Level.BAD, reason, fix)
    return AccessLine(has, Level.FINE)


def _explain_missing(person: User, place: PlaceFacts, lacks: str) -> AccessLine:
    for line, holds in _reasons(person, place, lacks):
        if holds:
            return line
    return AccessLine("on its way", Level.WORKING, place.reason, "Wait about a minute.", "group")


def _reasons(person: User, place: PlaceFacts, lacks: str) -> Iterator[tuple[AccessLine, bool]]:
    """Yield why access is missing, each with whether that holds."""

    def because(reason: str, fix: str, page: str) -> AccessLine:
        return AccessLine(lacks, Level.BAD, reason, fix, page)

    yield (
        because("No Discord account is linked.", _how_to_link(person), "remind"),
        place.provider == DISCORD and person.discord_id is None,
    )
    yield (
        because("No e-mail address is known.", "Enter one in the settings.", "settings"),
        place.provider == CALENDAR and not person.email,
    )
    yield (
        because(f"{ADDRESS_REFUSED}.", "Correct it in the settings.", "settings"),
        place.reason == ADDRESS_REFUSED,
    )
    has_problem = place.status.level in PROBLEMS
    of_group = AccessLine(lacks, place.status.level, page="group")
    yield of_group, has_problem and not place.is_set_up
    left = f"Left the Discord server {show_time(place.left_at)}." if place.left_at else ""
    yield (
        because(
            left or "Not in the Discord server yet.",
            f"Ask {person} to join it. Access follows within about a minute.",
            "remind",
        ),
        place.state == State.NOT_JOINED,
    )
    yield (
        because(place.reason or "It could not be given.", "It is tried again.", "group"),
        place.state in {State.WITHHELD, State.FAILED},
    )
    yield of_group, has_problem


def _how_to_link(person: User) -> str:
    """Return how an account gets linked: by signing in with it, which needs the same address."""
    with_address = f" Its address must be {person.email}." if person.email else ""
    return f"Ask {person} to sign in with Discord once.{with_address}"
