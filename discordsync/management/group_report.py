"""Discord's part of the reports that `realize_cohort` and `resync` give with `--json`."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import count
from typing import Any

from cohorts import clock
from cohorts.models import Group
from cohorts.outbox.models import Message
from cohorts.reconcile.management.group_reports import Report, Since, report_access
from cohorts.reconcile.models import GroupSync
from discordsync.models import DiscordObject
from discordsync.state import keys
from meetings.models import Meeting


def report_groups(group_ids: Collection[int], since: Since) -> dict[int, Report]:
    """Return infrastructure, access and messages of these groups."""
    access = report_access("discord", group_ids, since)
    messages = _count_messages(group_ids, since)
    infrastructure = _infrastructure(group_ids, since)
    return {
        pk: {
            "infrastructure": infrastructure[pk],
            "discord": access[pk],
            "notifications": messages[pk],
        }
        for pk in group_ids
    }


def _infrastructure(group_ids: Collection[int], since: Since) -> dict[int, Report]:
    groups = list(Group.objects.filter(pk__in=group_ids))
    cohorts = {group.cohort_id for group in groups}
    objects = {row.key: row for row in DiscordObject.objects.filter(cohort__in=cohorts)}
    syncs = GroupSync.objects.filter(group__in=group_ids, provider="discord")
    issues = dict(syncs.values_list("group", "issue"))
    positions, meetings = _positions(cohorts), _meetings(group_ids)

    def channel(group: Group, key: str) -> Report:
        return _channel(objects.get(key), issues.get(group.pk, ""), since)

    return {
        group.pk: {
            "category": channel(group, keys.category_of(group.cohort_id, positions[group.pk])),
            "text_channel": channel(group, keys.text_channel(group.pk)),
            "voice_channel": channel(group, keys.voice_channel(group.pk)),
            # Meetings follow from the weekly time, before anything is realized.
            "meetings": {"created": 0, "existed": len(meetings[group.pk]), "skipped": 0},
            "discord_events": _events(meetings[group.pk], objects, since),
        }
        for group in groups
    }


def _positions(cohort_ids: Collection[int]) -> dict[int, int]:
    """Return each group's position in its cohort, as in `discordsync.snapshot`."""
    places: dict[int, Iterator[int]] = defaultdict(count)
    rows = Group.objects.filter(cohort__in=cohort_ids).order_by("pk")
    return {pk: next(places[cohort_id]) for pk, cohort_id in rows.values_list("pk", "cohort")}


def _channel(row: DiscordObject | None, issue: str, since: Since) -> Report:
    """Return the status of a channel or category.

    no record yet, or its creation never began   skipped, with the group's issue
    its creation was not confirmed               failed
    Discord reports that it is gone              channel_missing
    created by this request                      created
    else                                         existed
    """
    if row is None:
        return {"status": "skipped", "id": None, "error": issue or None}
    if row.outside_id is None:
        return {"status": "failed", "id": None, "error": issue or None}
    outside_id = str(row.outside_id)
    if row.gone_at:
        return {"status": "channel_missing", "id": outside_id, "error": issue or None}
    is_new = row.made_at >= since.machine_time and not row.imported
    return {"status": "created" if is_new else "existed", "id": outside_id, "error": None}


def _meetings(group_ids: Collection[int]) -> dict[int, list[Meeting]]:
    found: dict[int, list[Meeting]] = defaultdict(list)
    for meeting in Meeting.objects.filter(group__in=group_ids, status=Meeting.Status.SCHEDULED):
        found[meeting.group_id].append(meeting)
    return found


def _events(
    meetings: Iterable[Meeting], objects: Mapping[str, DiscordObject], since: Since
) -> Report:
    """Count scheduled events; a meeting ahead without one is skipped, because only the next ones
    have events."""
    counts: dict[str, Any] = {"created": 0, "existed": 0, "skipped": 0}
    now = clock.now()
    for meeting in meetings:
        row = objects.get(keys.event(meeting.pk))
        if row and row.outside_id and not row.gone_at:
            counts["created" if row.made_at >= since.machine_time else "existed"] += 1
        elif meeting.starts_at > now:
            counts["skipped"] += 1
    return counts


def _count_messages(group_ids: Collection[int], since: Since) -> dict[int, Report]:
    """Count the messages about each group that this request led to."""
    reports: dict[int, Report] = {
        pk: {"sent": 0, "skipped": 0, "channel_announcements": 0} for pk in group_ids
    }
    for row in Message.objects.filter(group__in=group_ids, created_at__gte=since.machine_time):
        assert row.group_id is not None
        report = reports[row.group_id]
        in_channel = row.channel == Message.Channel.DISCORD_CHANNEL
        if row.state != Message.State.SENT:
            report["skipped"] += 1
        else:
            report["channel_announcements" if in_channel else "sent"] += 1
    return reports
