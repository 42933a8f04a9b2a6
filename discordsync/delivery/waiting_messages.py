"""Read the messages that wait for Discord, for the snapshot."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cohorts.outbox.models import Message
from cohorts.outbox.registry import EDITS
from cohorts.outbox.routing.routes import DeliveryRequest, find_routes
from cohorts.outbox.selectors import DueMessage, due_messages, next_tries
from cohorts.registries import Registry
from discordsync.delivery.discord_text import mentioned
from discordsync.delivery.dm_channels import read_channels
from discordsync.delivery.posts import posts_to_delete
from discordsync.selectors import is_bot_connected
from discordsync.state.facts import DirectMessageFacts, MessageFacts, SentPost

Components = tuple[dict[str, Any], ...]
# The buttons under messages, in Discord's format, by the kind of message. The bot registers them.
message_components: Registry[Callable[[Mapping[str, Any]], Components]] = Registry(
    "components of messages"
)
CHANNELS = (Message.Channel.DISCORD_CHANNEL, Message.Channel.DISCORD_DM)


@dataclass(frozen=True, slots=True)
class WaitingMessages:
    """What waits for a group, by its id. `groups`: also if they have ended."""

    messages: dict[int, list[MessageFacts]]
    to_people: dict[int, list[DirectMessageFacts]]
    posts: dict[int, list[SentPost]]
    tries: dict[int, datetime]

    @classmethod
    def read(cls, now: datetime, *, only_begun: bool = False) -> WaitingMessages:
        due = due_messages(CHANNELS, now, only_begun=only_begun)
        directs = [one for one in due if one.channel == Message.Channel.DISCORD_DM]
        messages = [one for one in due if one.channel != Message.Channel.DISCORD_DM]
        answered, tries = _are_answered(due), next_tries(CHANNELS, now)
        return cls(
            _messages(messages, answered=answered),
            _directs(directs, now, answered=answered),
            posts_to_delete(),
            tries,
        )

    @property
    def groups(self) -> set[int]:
        return {*self.to_people, *self.posts, *self.tries}


def _messages(waiting: Iterable[DueMessage], *, answered: bool) -> dict[int, list[MessageFacts]]:
    messages: dict[int, list[MessageFacts]] = defaultdict(list)
    for due in waiting:
        if due.group_id is not None:
            messages[due.group_id].append(_message(due, answered=answered))
    return messages


def _are_answered(waiting: Iterable[DueMessage]) -> bool:
    """Return whether any of these messages has buttons, and a bot is connected to answer them."""
    return any(due.kind in message_components for due in waiting) and is_bot_connected()


def _message(due: DueMessage, *, answered: bool) -> MessageFacts:
    find = message_components.get(due.kind) if answered else None
    return MessageFacts(
        id=due.id,
        kind=due.kind,
        text=due.text,
        nonce=due.nonce,
        people=mentioned(due.text),
        components=find(due.context) if find else (),
        tried_at=due.tried_at,
    )


def _directs(
    waiting: list[DueMessage], now: datetime, *, answered: bool
) -> dict[int, list[DirectMessageFacts]]:
    """Return direct messages that their recipients still want, by the group that they concern.
    Messages whose sending was interrupted are always included, to find out whether they arrived."""
    found: dict[int, list[DirectMessageFacts]] = defaultdict(list)
    if not waiting:
        return found
    requests = {due.id: DeliveryRequest(due.user_id or 0, due.kind) for due in waiting}
    routes = find_routes(set(requests.values()), now)
    channels = read_channels({due.user_id for due in waiting if due.user_id})
    sent = _sent_directs(waiting)
    for due in waiting:
        is_wanted = routes[requests[due.id]].channel == Message.Channel.DISCORD_DM
        if due.group_id and due.user_id in channels and (is_wanted or due.tried_at):
            edits = sent.get(due.context.get(EDITS, ""))
            message = replace(_message(due, answered=answered), edits=edits)
            found[due.group_id].append(DirectMessageFacts(message, *channels[due.user_id]))
    return found


def _sent_directs(waiting: Iterable[DueMessage]) -> dict[str, int]:
    """Return the Discord ids of the direct messages whose place these messages take, by key."""
    keys = {due.context[EDITS] for due in waiting if EDITS in due.context}
    if not keys:
        return {}
    sent = Message.objects.filter(
        key__in=keys, channel=Message.Channel.DISCORD_DM, state=Message.State.SENT
    ).exclude(outside_id="")
    return {key: int(outside_id) for key, outside_id in sent.values_list("key", "outside_id")}
