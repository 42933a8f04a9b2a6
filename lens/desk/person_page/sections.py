"""The parts of a person's page: where they belong, their meetings, visits and messages."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from cohorts.group_labels import name_slot
from cohorts.models import AccessState, Membership, User
from cohorts.outbox.health.undelivered import lasting_rejections
from cohorts.outbox.models import UNSENT, Message, kind_title
from cohorts.outbox.rendering.links import hide_unsubscribe_links
from cohorts.reconcile.models import ProviderState
from cohorts.zones import city_of, find_zone, known_zone
from discordsync.joining.states import PROVIDER, JoinState, classify_access, was_read
from guestvisits.joining.joinable import next_place
from guestvisits.selectors import MyVisit
from meetings.selectors import MyMeeting, upcoming_meetings

EARLIER, MEETINGS, VISITS, MESSAGES = 20, 8, 10, 20
WORDS = 3000  # characters of one message


# -- the head ------------------------------------------------------------------------------------


def is_rejected(person: User, now: datetime) -> bool:
    """Return whether the mail server rejects the person's address.  One query."""
    return lasting_rejections(now).filter(user=person).exists()


def left_server_at(person: User) -> datetime | None:
    """Return when the bot saw the person leave; its row must be loaded."""
    seen = getattr(person, "guild_membership", None)
    return seen.left_at if seen else None


def describe_discord(
    person: User, reports: Iterable[AccessState], state: ProviderState | None, now: datetime
) -> JoinState:
    """Return whether the person has joined."""
    joined = classify_access(person.discord_id, [r for r in reports if r.provider == PROVIDER])
    if joined is not JoinState.NO_ACCOUNT and not was_read(state, now):
        return JoinState.UNKNOWN
    return joined


# -- memberships ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownMembership:
    """A membership with the group's weekly time: on the group's clock, and on others."""

    membership: Membership
    slot: str
    elsewhere: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShownMemberships:
    """`more` earlier ones are left out."""

    active: tuple[ShownMembership, ...]
    earlier: tuple[ShownMembership, ...]
    more: int


def read_memberships(person: User) -> list[Membership]:
    """Return all memberships of a person, active ones first, then the latest.  One query."""
    rows = Membership.objects.filter(user=person).select_related("group__cohort")
    found = list(rows.order_by("-joined_at", "-pk"))
    return sorted(found, key=lambda row: row.status != Membership.Status.ACTIVE)


def show_memberships(
    rows: Iterable[Membership], zones: Iterable[str], now: datetime
) -> ShownMemberships:
    """Return the memberships with the weekly time in these zones, where it differs."""
    zones = tuple(dict.fromkeys(known_zone(zone) for zone in zones))
    rows = list(rows)
    active = [row for row in rows if row.status == Membership.Status.ACTIVE]
    earlier = [row for row in rows if row.status != Membership.Status.ACTIVE]
    return ShownMemberships(
        tuple(ShownMembership(r, name_slot(r.group), _elsewhere(r, zones, now)) for r in active),
        tuple(ShownMembership(row, "") for row in earlier[:EARLIER]),
        max(len(earlier) - EARLIER, 0),
    )


def _elsewhere(row: Membership, zones: Iterable[str], now: datetime) -> tuple[str, ...]:
    """Return the next place of the weekly time as other clocks show it: "Wed 01:00 (Tokyo)"."""
    starts_at = next_place(row.group, now)
    if starts_at is None:
        return ()
    own = starts_at.astimezone(find_zone(row.group.timezone)).utcoffset()
    local = ((zone, starts_at.astimezone(find_zone(zone))) for zone in zones)
    return tuple(
        f"{then:%a %H:%M} ({city_of(zone)})" for zone, then in local if then.utcoffset() != own
    )


# -- meetings and visits -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MeetingAhead:
    """A meeting ahead.  `visit` is where the person goes instead."""

    mine: MyMeeting
    visit: MyVisit | None
    may_visit: bool


@dataclass(frozen=True, slots=True)
class ShownVisits:
    """Open visits ahead, and the latest that are over or ended."""

    ahead: tuple[MyVisit, ...]
    past: tuple[MyVisit, ...]


def read_next_meetings(
    person: User, visits: Iterable[MyVisit], now: datetime
) -> list[MeetingAhead]:
    """Return the next meetings of the person's groups.  One query."""
    instead = {mine.visit.home_meeting_id: mine for mine in visits if mine.visit.is_open}
    found = []
    for mine in upcoming_meetings(person.pk, now)[:MEETINGS]:
        visit = instead.get(mine.meeting.pk)
        may_visit = visit is None and not mine.is_facilitator and mine.meeting.number is not None
        found.append(MeetingAhead(mine, visit, may_visit))
    return found


def show_visits(visits: Iterable[MyVisit]) -> ShownVisits:
    visits = list(visits)
    ahead = [mine for mine in visits if mine.visit.is_open and not mine.is_past]
    past = [mine for mine in visits if mine not in ahead]
    return ShownVisits(tuple(reversed(ahead)), tuple(past[:VISITS]))


# -- messages ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message: its words as sent, "" before, cut off where they are long."""

    message: Message
    title: str
    words: str
    is_cut: bool

    @property
    def is_waiting(self) -> bool:
        return self.message.state in UNSENT


def read_messages(person: User) -> list[ShownMessage]:
    """Return the person's latest messages.  One query."""
    rows: QuerySet[Message] = Message.objects.filter(user=person).defer("html", "context")
    return [
        ShownMessage(
            row,
            kind_title(row.kind),
            hide_unsubscribe_links(row.body)[:WORDS],
            is_cut=len(row.body) > WORDS,
        )
        for row in rows.order_by("-due_at", "-pk")[:MESSAGES]
    ]
