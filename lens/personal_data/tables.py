"""The tables that hold rows about people.

A test compares this list with all models: a table with a reference to a person that is missing here
fails it.

What erasing does to the rows, apart from emptying the person's own:

    DELETE    nothing needs them without the person
    EMPTY     the row stays, because a figure or an explanation needs it; text that people wrote, or
              that names the person, is emptied
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.db.models import Model, Q, QuerySet

from calendarsync.models import CalendarAddress, CalendarEvent, ObservedRsvp
from cohorts.activity.filtering import of_person
from cohorts.activity.registry import activity_kinds, title_of_kind
from cohorts.models import (
    AccessException,
    AccessState,
    ActivityEntry,
    CohortStep,
    FormerAddress,
    Membership,
    RefusedSignIn,
    RosterImport,
    User,
)
from cohorts.outbox.models import Message, MessageChoice, kind_title
from cohorts.outbox.registry import topics
from cohorts.reconcile.models import RealizeRequest
from cohorts.reconcile.provider import provider_specs
from cohorts.selectors import addresses_of
from discordsync.bot.models import BotReply, GuildMembership
from discordsync.models import DmChannel, OwnWrite, VoiceSession
from guestvisits.models import GuestVisit, SubstituteOffer, Substitution
from lens.desk.models import Snooze
from meetings.models import Attendance, CalendarFeed, DismissedRisk


class Erasing(StrEnum):
    DELETE = "delete"
    EMPTY = "empty"


def _by_user(person: User) -> Q:
    return Q(user=person)


def _by_discord_id(person: User) -> Q:
    return Q(discord_id=person.discord_id) if person.discord_id else Q(pk__in=[])


@dataclass(frozen=True, slots=True)
class PersonalTable:
    """The rows of one table about a person: which, the columns shown, and what erasing does.

    `emptied`: the columns that erasing sets, when the rows stay. A column that is not in `columns`,
    such as the key of a second factor, is never shown.
    """

    title: str
    model: type[Model]
    columns: tuple[str, ...]
    erasing: Erasing = Erasing.EMPTY
    emptied: Mapping[str, Any] = field(default_factory=dict)
    of: Callable[[User], Q] = _by_user

    def rows(self, person: User) -> QuerySet[Any]:
        return self.model._base_manager.filter(self.of(person)).order_by("pk")


def _refused(person: User) -> Q:
    return Q(user=person) | Q(email__in=addresses_of(person)) | _by_discord_id(person)


def _own_writes(person: User) -> Q:
    if not person.discord_id:
        return Q(pk__in=[])
    return Q(subject__regex=rf"(^| ){person.discord_id}( |$)")


def _provider_title(name: str) -> str:
    return provider_specs()[name].title if name in provider_specs() else name


# Columns with codes, and how people read them; and columns whose names people would not read so.
READ_AS: Mapping[str, Callable[[str], str]] = {
    "kind": lambda name: title_of_kind(name) if name in activity_kinds else kind_title(name),
    "provider": _provider_title,
    "topic": lambda name: topics[name].title if name in topics else name,
}
TITLES = {"ip": "IP address", "user_agent": "Browser"}

PERSON_COLUMNS = (
    "name",
    "nickname",
    "email",
    "discord_id",
    "discord_name",
    "discord_email",
    "timezone",
    "wants_email",
    "wants_discord",
    "is_active",
    "is_staff",
    "date_joined",
    "last_login",
)

DELETE = Erasing.DELETE

TABLES = (
    PersonalTable("Former addresses", FormerAddress, ("email", "until"), DELETE),
    PersonalTable(
        "Refused sign-ins",
        RefusedSignIn,
        ("code", "discord_id", "discord_name", "email", "first_at", "last_at"),
        DELETE,
        of=_refused,
    ),
    PersonalTable("Signed-in devices", UserSession, ("ip", "user_agent", "created_at"), DELETE),
    PersonalTable("Second factors", Authenticator, ("type", "created_at", "last_used_at"), DELETE),
    PersonalTable(
        "Memberships",
        Membership,
        ("cohort", "group", "role", "status", "joined_at", "left_at", "left_why"),
        emptied={"left_why": ""},
    ),
    PersonalTable(
        "Meetings",
        Attendance,
        (
            "meeting",
            "rsvp",
            "rsvp_at",
            "checked_in_at",
            "not_seen",
            "correction",
            "correction_reason",
            "is_guest",
        ),
        emptied={"correction_reason": ""},
    ),
    PersonalTable(
        "At risk, dismissed by staff", DismissedRisk, ("meeting", "dismissed_at"), DELETE
    ),
    PersonalTable(
        "Guest visits",
        GuestVisit,
        (
            "home_meeting",
            "host_meeting",
            "booked_at",
            "ended_at",
            "end_reason",
            "overruled_why",
            "ended_why",
        ),
        emptied={"overruled_why": "", "ended_why": ""},
    ),
    PersonalTable(
        "Substitutes needed",
        Substitution,
        ("meeting", "requested_at", "ended_at", "end_reason"),
        of=lambda person: Q(away=person),
    ),
    PersonalTable(
        "Requests to lead a meeting",
        SubstituteOffer,
        ("substitution", "offered_at", "answer", "answered_at", "ended_at"),
    ),
    PersonalTable(
        "Exceptions",
        AccessException,
        ("group", "reason", "until", "created_at"),
        DELETE,
    ),
    PersonalTable(
        "Access", AccessState, ("group", "provider", "state", "reason", "changed_at"), DELETE
    ),
    PersonalTable("Message preferences", MessageChoice, ("topic", "route"), DELETE),
    PersonalTable(
        "Messages",
        Message,
        ("kind", "channel", "state", "due_at", "sent_at", "subject", "body", "not_sent_reason"),
        emptied={"subject": "", "body": "", "html": "", "context": {}, "not_sent_reason": ""},
    ),
    PersonalTable("Calendar feed", CalendarFeed, ("created_at",), DELETE),
    PersonalTable(
        "Address in Google Calendar",
        CalendarAddress,
        ("email", "listed_as", "refused_at", "restored_at"),
        DELETE,
    ),
    PersonalTable(
        "Answers in Google Calendar",
        ObservedRsvp,
        ("meeting", "own", "series", "observed_at"),
        DELETE,
    ),
    PersonalTable(
        "Own events in Google Calendar", CalendarEvent, ("meeting", "made_at", "gone_at")
    ),
    PersonalTable("Discord server", GuildMembership, ("joined_at", "left_at"), DELETE),
    PersonalTable(
        "Direct messages on Discord",
        DmChannel,
        ("discord_id", "last_used_at", "channel_id", "refused_at", "refused_reason"),
        DELETE,
        of=_by_discord_id,
    ),
    PersonalTable(
        "Voice sessions", VoiceSession, ("coverage", "since", "until"), DELETE, of=_by_discord_id
    ),
    PersonalTable("Questions to the bot", BotReply, ("requested_at",), DELETE, of=_by_discord_id),
    PersonalTable("Recent changes on Discord", OwnWrite, ("written_at",), DELETE, of=_own_writes),
    PersonalTable(
        "Realize requests",
        RealizeRequest,
        ("requested_at", "ended_at"),
        DELETE,
        of=lambda person: Q(requested_by=person),
    ),
    PersonalTable(
        "Changes of cohorts as staff",
        CohortStep,
        ("cohort", "kind", "reason", "asked_at", "state"),
        emptied={"asked_by": None},
        of=lambda person: Q(asked_by=person),
    ),
    PersonalTable(
        "Large rosters that you imported as staff",
        RosterImport,
        ("name", "asked_at", "state"),
        emptied={"asked_by": None},
        of=lambda person: Q(asked_by=person),
    ),
    PersonalTable(
        "Items of the Today page that staff hid",
        Snooze,
        ("key", "until", "snoozed_at"),
        emptied={"snoozed_by": None},
        of=lambda person: Q(snoozed_by=person),
    ),
    PersonalTable(
        "Activity about the person",
        ActivityEntry,
        ("at", "kind", "changes", "reason"),
        emptied={"changes": {}, "reason": ""},
        of=lambda person: of_person(person.pk),
    ),
    PersonalTable(
        "Activity of the person",
        ActivityEntry,
        ("at", "kind"),
        emptied={"reason": ""},
        of=lambda person: Q(actor=person.pk),
    ),
    PersonalTable(
        "Changes as staff",
        LogEntry,
        ("action_time", "content_type", "object_repr"),
        DELETE,
    ),
)
