"""Messages of ours on Discord that name someone who is being erased: they are deleted there."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from django.db.models import Q

from cohorts.models import User
from cohorts.outbox.models import Message
from cohorts.selectors import texts_naming
from discordsync.models import DiscordObject, DmChannel
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
    return list(_located(sent.select_related("user").order_by("pk")))


def mark_deleted(message_id: int) -> None:
    Message.objects.filter(pk=message_id).update(outside_id="")


def _located(messages: Iterable[Message]) -> Iterator[SentPost]:
    rows = list(messages)
    channels = dict(
        DiscordObject.objects.filter(
            kind=DiscordObject.Kind.TEXT_CHANNEL,
            group__in={row.group_id for row in rows},
            gone_at__isnull=True,
        ).values_list("group", "outside_id")
    )
    accounts = {row.user.discord_id for row in rows if row.user and row.user.discord_id}
    directs = dict(
        DmChannel.objects.filter(discord_id__in=accounts).values_list("discord_id", "channel_id")
    )
    for row in rows:
        is_direct = row.channel == Channel.DISCORD_DM
        account = (row.user.discord_id if row.user else None) or 0
        channel_id = directs.get(account) if is_direct else channels.get(row.group_id or 0)
        if channel_id and row.group_id:
            yield SentPost(row.pk, row.group_id, channel_id, int(row.outside_id))
