"""Whether people have joined: their Discord account is linked, and it is in the server.

    account linked   what the last comparisons of their groups say           state
    ---------------  ------------------------------------------------------  -------------
    no               any                                                     no account
    yes              some group: has not accepted the server's rules         rules pending
    yes              some group: in the server                               joined
    yes              no group: in the server; some group: not in it          not in server
    yes              nothing, or the members could not be listed             unknown

While the server has not been read for an hour, nothing is known of anyone.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import Protocol

from django.conf import settings
from django.core.cache import cache
from django.db.models import Exists, OuterRef, Q
from django.urls import reverse

from cohorts.models import AccessState, User
from cohorts.reconcile.models import ProviderState
from discordsync.plan.review import RULES_PENDING, UNSEEN
from discordsync.selectors import PROVIDER
from meetings.registries import JoinStep

MAY_ADD = "discord:may-add-members"  # in the cache
UNREAD_AFTER = timedelta(hours=1)
COMPARED_LATE = timedelta(minutes=10)

State = AccessState.State
INSIDE = (State.GRANTED, State.PENDING, State.WITHHELD, State.FAILED)


class JoinState(Enum):
    JOINED = "In the server"
    RULES_PENDING = "Has not accepted the server's rules"
    NO_ACCOUNT = "No Discord account linked"
    NOT_IN_SERVER = "Not in the Discord server"
    UNKNOWN = "Not known yet"

    @property
    def is_missing(self) -> bool:
        """Return whether it is known that the person has not joined."""
        return self in {JoinState.NO_ACCOUNT, JoinState.NOT_IN_SERVER}


class ReportedAccess(Protocol):
    """What a comparison reported: a row of `AccessState`, or its values."""

    @property
    def state(self) -> str: ...
    @property
    def reason(self) -> str: ...


def is_inside(row: ReportedAccess) -> bool:
    """Return whether an access state implies that the person is in the server."""
    return row.state in INSIDE and row.reason != UNSEEN


def classify_access(discord_id: int | None, rows: Collection[ReportedAccess]) -> JoinState:
    """Return the state by the table above.  Pure."""
    if discord_id is None:
        return JoinState.NO_ACCOUNT
    if any(row.reason == RULES_PENDING for row in rows):
        return JoinState.RULES_PENDING
    if any(is_inside(row) for row in rows):
        return JoinState.JOINED
    if any(row.state == State.NOT_JOINED for row in rows):
        return JoinState.NOT_IN_SERVER
    return JoinState.UNKNOWN


def find_states(people: Iterable[User]) -> Mapping[int, JoinState]:
    """Return each person's state by id.  One query."""
    people = list(people)
    rows: dict[int, list[AccessState]] = defaultdict(list)
    for row in AccessState.objects.filter(provider=PROVIDER, user__in=people):
        rows[row.user_id].append(row)
    return {person.pk: classify_access(person.discord_id, rows[person.pk]) for person in people}


def not_inside(user: str) -> Q:
    """Return a filter for rows whose user, at this lookup, is in the server of no group's report or
    has no account: `find_states` tells which of them are unknown."""
    inside = AccessState.objects.filter(
        provider=PROVIDER, user=OuterRef(user), state__in=INSIDE
    ).exclude(reason=UNSEEN)
    return Q(**{f"{user}__discord_id__isnull": True}) | ~Q(Exists(inside))


def is_server_read(now: datetime) -> bool:
    """Return whether the server was read within the last hour.

    Each group is compared once an hour, which may be a few minutes late: that alone is no outage.
    """
    return was_read(ProviderState.objects.of(PROVIDER).first(), now)


def was_read(state: ProviderState | None, now: datetime) -> bool:
    """Return the same for the provider's state.  Pure."""
    if state is None or state.last_seen_at is None:
        return False
    allowed = UNREAD_AFTER if state.issue else UNREAD_AFTER + COMPARED_LATE
    return state.last_seen_at > now - allowed


def find_steps(person: User, now: datetime) -> Iterator[JoinStep]:
    """Yield what the person has to do to join; nothing if they have, or it is not known."""
    state = find_states([person])[person.pk] if is_server_read(now) else JoinState.UNKNOWN
    if not state.is_missing:
        return
    if state is JoinState.NO_ACCOUNT and settings.DISCORD_CLIENT_ID:
        yield JoinStep("Sign in with Discord", f"{settings.SITE_URL}{reverse('account_login')}")
    if state is JoinState.NOT_IN_SERVER and settings.DISCORD_INVITE_URL:
        yield JoinStep("Join our Discord server", settings.DISCORD_INVITE_URL)
    yield JoinStep("Check your set-up", f"{settings.SITE_URL}{reverse('set-up')}")


def note_adding(*, may: bool) -> None:
    """Record whether the bot may add people to the server, as last observed."""
    if cache.get(MAY_ADD) != may:
        cache.set(MAY_ADD, may, timeout=None)


def may_add_members() -> bool:
    """Return whether to offer the button “Join the server”: False until it is observed."""
    return bool(cache.get(MAY_ADD))
