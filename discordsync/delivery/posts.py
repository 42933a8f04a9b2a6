"""Messages of ours on Discord that name someone who is being erased: they are deleted there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Q

from cohorts.models import User
from cohorts.outbox.models import Message
from cohorts.selectors import texts_naming
from discordsync.delivery.dm_channels import read_channels
from discordsync.models import DiscordObject
from discordsync.selectors import existing_channels
from discordsync.state.facts import SentPost

Channel = Message.Channel


def posts_to_delete() -> dict[int, list[SentPost]]:
    """Return the posts to delete by group id, about everyone who is being erased."""
    found: dict[int, list[SentPost]] = defaultdict(list)
    for person in User.objects.being_erased():
        for post in posts_about(person):
            found[post.group_id].append(post)
    return found


def posts_about(person: User) -> list[SentPost]:
    """Return the posts to or about a person that are still on Discord, as far as we know.

    Posts of a channel that was deleted are gone with it.
    """
    sent = Message.objects.filter(
        Q(user=person) | texts_naming(person, "body"),
        group__isnull=False,
        channel__in=[Channel.DISCORD_CHANNEL, Channel.DISCORD_DM],
    ).exclude(outside_id="")
    return list(_located(sent.order_by("pk")))


def mark_deleted(message_id: int) -> None:
    Message.objects.filter(pk=message_id).update(outside_id="")


def _located(messages: Iterable[Message]) -> Iterator[SentPost]:
    rows = list(messages)
    channels = existing_channels(DiscordObject.Kind.TEXT_CHANNEL)
    channels = channels.filter(group__in={row.group_id for row in rows})
    in_group = dict(channels.values_list("group", "outside_id"))
    directs = read_channels({row.user_id for row in rows if row.user_id})
    for row in rows:
        if row.channel == Channel.DISCORD_DM:
            _, channel_id = directs.get(row.user_id or 0, (0, None))
        else:
            channel_id = in_group.get(row.group_id or 0)
        if channel_id and row.group_id:
            yield SentPost(row.pk, row.group_id, channel_id, int(row.outside_id))
