"""Queries about our objects in Discord."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from cohorts.models import Group
from cohorts.registries import Registry
from discordsync.models import DiscordObject, HiddenCount, RemovalApproval
from discordsync.state.facts import Approval, Hidden
from meetings.registries import Venue

VALID_FOR = timedelta(hours=24)  # an approval of a removal
REFUSED_FOR = timedelta(hours=1)

INFRASTRUCTURE = [
    DiscordObject.Kind.VOICE_CHANNEL,
    DiscordObject.Kind.TEXT_CHANNEL,
    DiscordObject.Kind.COHORT_CHANNEL,
    DiscordObject.Kind.ROLE,
    DiscordObject.Kind.CATEGORY,
]


def is_removable(group: Group, now: datetime) -> bool:
    """Return whether a group has ended and no one may read its channels any more."""
    return group.has_ended and not (group.archive and group.archive.is_open(now))


def read_approvals(now: datetime) -> dict[str, Approval]:
    """Return the approvals by key, with those that have expired."""
    rows = RemovalApproval.objects.select_related("target")
    return {
        row.target.key: Approval(
            row.outside_id, row.approved_at > now - VALID_FOR, row.last_message_id
        )
        for row in rows
    }


def released_ids() -> list[int]:
    """Return the Discord ids of objects that staff keep."""
    kept = DiscordObject.objects.filter(released_at__isnull=False, outside_id__isnull=False)
    # Their usual order joins three tables.
    return [pk for pk in kept.order_by().values_list("outside_id", flat=True) if pk]


def recorded_infrastructure() -> QuerySet[DiscordObject]:
    """Return the records of everything that a removal can be about."""
    return DiscordObject.objects.filter(
        kind__in=INFRASTRUCTURE,
        outside_id__isnull=False,
        gone_at__isnull=True,
        released_at__isnull=True,
    )


def groups_with_remains(now: datetime) -> list[Group]:
    """Return the groups whose objects may be removed and still exist, by cohort."""
    groups = Group.objects.filter(discord_objects__in=recorded_infrastructure()).distinct()
    rows = groups.select_related("cohort__course").order_by("cohort", "pk")
    return [group for group in rows if is_removable(group, now)]


# -- where groups meet -----------------------------------------------------------------------------


def find_voice_channels(group_ids: Collection[int]) -> dict[int, Venue]:
    """Return the groups' voice channels as meeting venues, by group id."""
    channels = DiscordObject.objects.filter(
        group__in=group_ids,
        kind=DiscordObject.Kind.VOICE_CHANNEL,
        outside_id__isnull=False,
        gone_at__isnull=True,
    )
    return {
        channel.group_id: Venue(
            name=f"the voice channel “{channel}” on Discord",
            url=f"https://discord.com/channels/{settings.DISCORD_GUILD_ID}/{channel.outside_id}",
            channel_id=channel.outside_id,
        )
        for channel in channels
        if channel.group_id
    }


# -- the bot, without which the provider works too -------------------------------------------------

bot_checks: Registry[Callable[[], bool]] = Registry("checks whether a bot is connected")


def is_bot_connected() -> bool:
    return any(check() for check in bot_checks.values())


# -- objects that the bot cannot see -------------------------------------------------------------


def read_hidden(now: datetime) -> Hidden:
    """Return how many objects count to the guild's limits although the bot cannot see them.

    The gateway reports them, and so does the error that the guild is full (for an hour). Of two
    counts, the larger one is used. Up to two queries.
    """
    rows = list(HiddenCount.objects.all())
    reported = next((row for row in rows if row.source == HiddenCount.Source.GATEWAY), None)
    if reported is not None and not is_bot_connected():
        reported = None
    refusals = (row for row in rows if row.source == HiddenCount.Source.REFUSAL)
    counts = {row.kind: row.count for row in refusals if row.observed_at > now - REFUSED_FOR}
    if reported is None:
        return Hidden(counts=counts)
    return Hidden(
        is_known=True,
        counts=counts | {"channels": max(reported.count, counts.get("channels", 0))},
        categories=reported.categories,
        by_category={int(pk): count for pk, count in reported.by_category.items()},
    )
