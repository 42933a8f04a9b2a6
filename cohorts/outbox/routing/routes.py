"""Choose how a message reaches a person: by e-mail or as a direct message, never both.

    the person wants it     DM channel      by e-mail              it is sent
    ----------------------  --------------  ---------------------  ------------------------------
    not at all              any             any                    not at all
    directly                open            any                    directly
    directly                waits           possible               by e-mail
    directly                waits           unwanted, no address   directly, once possible
    directly                closed, never   possible               by e-mail
    by e-mail               any             possible               by e-mail
    by e-mail               open            no address             directly
    either                  otherwise       unwanted               not at all
    either                  otherwise       no address             by e-mail, once there is one

A DM channel counts only for kinds with a template for direct messages, for people who want
messages on Discord, and for messages that were not refused there before.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from cohorts.models import User
from cohorts.outbox.models import Message, MessageChoice
from cohorts.outbox.registry import topic_of
from cohorts.outbox.rendering.render import has_dm_template
from cohorts.outbox.routing.dm_channels import DmStatus, find_dm_statuses

EMAIL, DIRECT, OFF = (
    MessageChoice.Route.EMAIL,
    MessageChoice.Route.DISCORD_DM,
    MessageChoice.Route.OFF,
)

CLOSED_ACCOUNT = "No recipient: the account is closed."
UNWANTED_KIND = "The person turned off messages of this type."
UNWANTED = "The person turned off messages by e-mail."
UNWANTED_NO_DM = (
    "The person turned off messages by e-mail and cannot get direct messages on Discord."
)


@dataclass(frozen=True, slots=True)
class DeliveryRequest:
    """A message to a person: its kind, and whether it could be a direct message."""

    user_id: int
    kind: str
    direct: bool = True

    @classmethod
    def about(cls, message: Message) -> DeliveryRequest:
        direct = message.group_id is not None and message.fell_back_at is None
        return cls(message.user_id or 0, message.kind, direct)


@dataclass(frozen=True, slots=True)
class DeliveryRoute:
    """A channel, or a sentence for staff that explains why there is none."""

    channel: str = ""
    why: str = ""


def choose_route(choice: str, status: DmStatus, person: User | None) -> DeliveryRoute:
    """Return the delivery route by the table above.  Pure."""
    if person is None or not person.is_active or choice == OFF:
        is_open = person is not None and person.is_active
        return DeliveryRoute(why=UNWANTED_KIND if is_open else CLOSED_ACCOUNT)
    if choice == DIRECT and status is DmStatus.OPEN:
        return DeliveryRoute(Message.Channel.DISCORD_DM)
    if person.wants_email and person.email:
        return DeliveryRoute(Message.Channel.EMAIL)
    if choice == DIRECT and status is DmStatus.WAITS:
        return DeliveryRoute(Message.Channel.DISCORD_DM)
    if not person.wants_email:
        return DeliveryRoute(why=UNWANTED_NO_DM if choice == DIRECT else UNWANTED)
    return DeliveryRoute(
        Message.Channel.DISCORD_DM if status is DmStatus.OPEN else Message.Channel.EMAIL
    )


def find_routes(
    requests: Collection[DeliveryRequest], now: datetime
) -> Mapping[DeliveryRequest, DeliveryRoute]:
    """Return the delivery route of each message, by people's current preferences.

    Uses a constant number of queries for any number of messages.
    """
    if not requests:
        return {}
    people = User.objects.in_bulk({request.user_id for request in requests})
    choices = _choices(people)
    direct = {kind for kind in {request.kind for request in requests} if has_dm_template(kind)}
    statuses = find_dm_statuses(_people_with_dms(people, choices), now) if direct else {}
    return {
        request: choose_route(
            choices.get((request.user_id, topic_of(request.kind)), EMAIL),
            statuses.get(request.user_id, DmStatus.NEVER)
            if request.direct and request.kind in direct
            else DmStatus.NEVER,
            people.get(request.user_id),
        )
        for request in requests
    }


def _choices(people: Collection[int]) -> dict[tuple[int, str], str]:
    rows = MessageChoice.objects.filter(user__in=people)
    return {(row.user_id, row.topic): row.route for row in rows}


def _people_with_dms(
    people: Mapping[int, User], choices: Mapping[tuple[int, str], str]
) -> list[int]:
    """Return the people who chose direct messages for a topic or have no address, which are few."""
    choosers = {user_id for (user_id, _), way in choices.items() if way == DIRECT}
    return [
        pk
        for pk, person in people.items()
        if person.wants_discord and (pk in choosers or not person.email)
    ]
