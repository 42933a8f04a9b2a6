"""Write the records of our objects.  Nothing here makes an external call.

A row is committed before the call that creates its object, and completed afterwards.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from cohorts import clock
from cohorts.models import Group
from cohorts.outbox import services as outbox
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message
from cohorts.reconcile.errors import CallFailed, Conflict, Unclear
from cohorts.reconcile.values import Action, Finding, Outcome
from discordsync.decisions import adopt
from discordsync.delivery import direct_messages, dm_channels, posts
from discordsync.joining.states import note_adding
from discordsync.models import DiscordObject, HiddenCount, OwnWrite
from discordsync.observe import recover
from discordsync.plan.calls import Call, describe_changes
from discordsync.removal.services import begin_removal, withdraw_removal
from discordsync.snapshot import find_names, take_snapshot
from discordsync.state import keys
from discordsync.state.observed import LIMITS, Discovered, ObservedGuild, Sent
from discordsync.state.permissions import may_add_members

REMOVED = {"roles", "channels"}  # the lanes of removals
RETRY_UNCLEAR = timedelta(0)  # the next observation shows whether it arrived
RETRY_FAILED = timedelta(minutes=5)
WRITES_KEPT_FOR = timedelta(minutes=10)
_CHANNELS = {  # of the outbox, by lane
    "messages": Message.Channel.DISCORD_CHANNEL,
    direct_messages.LANE: Message.Channel.DISCORD_DM,
}

# -- a call ----------------------------------------------------------------------------------


def intend(action: Action) -> None:
    """Commit a record of what is about to be created or sent.

    For a role or a category it contains the ids of same-named objects that already exist: any newer
    object of that name is ours, although it carries no mark.

    Raises Conflict if the message was dropped or has expired since it was planned.
    """
    call: Call = action.payload
    record_own_write(call)
    if action.kind == direct_messages.LANE and action.verb == "open":
        dm_channels.record_request(call.to, now=clock.now())
    elif action.verb == "send":
        # Real time, as below: it is compared with the ids in the channel's history.
        words, tried_at = str((call.body or {})["content"]), datetime.now(UTC)
        if not outbox.begin(call.subject, body=words, now=tried_at, channel=_CHANNELS[action.kind]):
            raise Conflict("The message is no longer due.")
    elif action.verb == "delete" and action.kind in REMOVED:
        begin_removal(call.key, now=clock.now())
    elif action.verb == "create":
        kind = keys.kind_of(call.key)
        values: dict[str, Any] = {
            "kind": kind,
            "cohort_id": action.cohort_id,
            "group_id": action.group_id,
            "meeting_id": keys.number_of(call.key) if kind == "event" else None,
            "outside_id": None,
            "gone_at": None,  # of the object that this one replaces
            "decisions": {},
            "name_sent": str((call.body or {})["name"]),
            "name_returned": "",
            # Real time: it is compared with the creation time that Discord encodes in an id.
            "intended_at": datetime.now(UTC),
            "existed_before": list(call.names),
        }
        DiscordObject.objects.bulk_create(
            [DiscordObject(key=call.key, **values)],
            update_conflicts=True,
            unique_fields=["key"],
            update_fields=list(values),
        )


def record(action: Action, outcome: Outcome) -> None:
    """Commit the id and the names that Discord returned; delete the record of a deleted object."""
    call: Call = action.payload
    match action.verb:
        case _ if action.kind == direct_messages.LANE:
            direct_messages.record(action, outcome, now=clock.now())
        case "send":
            outbox.mark_sent(call.subject, outside_id=outcome.outside_id, now=clock.now())
            parts.record_success(_CHANNELS[action.kind])
        case "delete" if action.kind == "messages":
            posts.mark_deleted(call.subject)
        case "create":
            DiscordObject.objects.filter(key=call.key).update(
                outside_id=int(outcome.outside_id),
                name_returned=outcome.answer["name"],
                made_at=datetime.now(UTC),
            )
        case "delete" if call.key:
            DiscordObject.objects.filter(key=call.key).delete()
        case "edit" if call.key and "name" in (call.body or {}):
            DiscordObject.objects.filter(key=call.key).update(
                name_sent=str((call.body or {})["name"]), name_returned=outcome.answer["name"]
            )
            _forget_decision(call.key, keys.NAME)
        case "edit" if call.key and "parent_id" in (call.body or {}):
            _forget_decision(call.key, keys.PLACE)
        case "take back":
            _forget_decision(call.key, keys.overwrite(call.subject))


@transaction.atomic
def _forget_decision(key: str, part: str) -> None:
    """Forget what staff decided about a part that now is as Lens wants it."""
    rows = DiscordObject.objects.select_for_update(of=("self",)).filter(key=key)
    row = rows.order_by("pk").first()
    if row is not None and row.decisions.pop(part, None):
        row.save(update_fields=["decisions"])


def record_failure(action: Action, error: CallFailed, observed: ObservedGuild) -> None:
    """Store why a message was not sent, that the guild has no room, or that nothing was removed.

    A guild that is full although the plan saw room contains objects that the bot cannot see.
    """
    call: Call = action.payload
    if action.verb == "create" and error.code == "guild_full":
        hidden = LIMITS[action.kind] - observed.count_listed(action.kind)
        HiddenCount.objects.update_or_create(
            kind=action.kind,
            source=HiddenCount.Source.REFUSAL,
            defaults={"count": max(hidden, 0), "observed_at": clock.now()},
        )
    if action.verb == "delete" and action.kind in REMOVED and not isinstance(error, Unclear):
        withdraw_removal(call.key)
    if action.verb != "send":
        return
    record_write = outbox.mark_unclear if isinstance(error, Unclear) else outbox.mark_failed
    retry = RETRY_UNCLEAR if isinstance(error, Unclear) else RETRY_FAILED
    record_write(call.subject, why=error.detail, now=clock.now(), retry=retry)
    parts.record_failure(_CHANNELS[action.kind], error.detail, now=clock.now())


# -- our own writes --------------------------------------------------------------------------


def record_own_write(call: Call) -> None:
    """Store what a call will change.  Must run before the call.  At most one query."""
    OwnWrite.objects.bulk_create(
        [
            OwnWrite(subject=subject, value=value[:120], written_at=Now())
            for subject, value in describe_changes(call).items()
        ],
        update_conflicts=True,
        unique_fields=["subject"],
        update_fields=["value", "written_at"],
    )


def are_own_writes(changes: Mapping[str, str]) -> bool:
    """Return whether changes that the gateway reports are echoes of our own writes, not changes by
    hand: each value is the last one that we wrote, within 10 minutes."""
    written = OwnWrite.objects.filter(subject__in=changes, written_at__gt=Now() - WRITES_KEPT_FOR)
    known = dict(written.values_list("subject", "value"))
    return all(known.get(subject) == value[:120] for subject, value in changes.items())


def delete_old_writes() -> None:
    OwnWrite.objects.filter(written_at__lt=Now() - WRITES_KEPT_FOR).delete()


# -- an observation --------------------------------------------------------------------------


def look_up(finding: Finding, now: datetime) -> Finding:
    """Complete a finding with what it shows of groups and people that are not in the snapshot.

    A snapshot leaves out groups that ended and have nothing recorded outside, and people without
    any group in it. The guild can still show them: a channel with such a group's mark, which is an
    orphan, or someone's own overwrite. How many it shows is limited by the guild, not by history.
    """
    discovered = finding.to_store
    observed = replace(finding.observed, known_people=find_names(discovered.accounts))
    groups = _find_groups(discovered.unknown, now)
    if not groups:
        return replace(finding, observed=observed)
    snapshot = take_snapshot(now, also=groups)
    orphans = recover.find_orphans(snapshot, observed)
    return replace(
        finding,
        observed=observed,
        orphans=recover.held_by(orphans, snapshot, observed),
        to_store=replace(discovered, orphans=orphans),
    )


def _find_groups(marks: Collection[str], now: datetime) -> list[int]:
    """Return the groups that these marks name: a cohort's, a channel's, or a future event's."""
    if not marks:
        return []
    named = Q(pk__in=_numbers(marks, "text_channel"))
    named |= Q(cohort__in=_numbers(marks, "cohort_channel"))
    named |= Q(meetings__in=_numbers(marks, "event"), meetings__starts_at__gt=now)
    return list(Group.objects.filter(named).values_list("pk", flat=True).distinct())


def _numbers(marks: Iterable[str], kind: str) -> list[int]:
    return [keys.number_of(mark) for mark in marks if keys.kind_of(mark) == kind]


def store_observation(discovered: Discovered, observed: ObservedGuild, now: datetime) -> None:
    store_ids(discovered.ids, observed)
    store_sent(discovered.sent)
    note_adding(may=may_add_members(observed.bot_permissions))
    delete_old_writes()
    store_gone(observed, now=now)
    if discovered.adopt:
        adopt(discovered.orphans, observed, now)


def store_ids(found: Mapping[str, int], observed: ObservedGuild) -> None:
    """Store the ids that were found for records without one."""
    for key, outside_id in found.items():
        DiscordObject.objects.filter(key=key, outside_id=None).update(
            outside_id=outside_id, name_returned=observed.name_of(outside_id)
        )


def store_sent(sent: Sent) -> None:
    """Store what an observation found out about messages whose sending was interrupted."""
    for message_id, outside_id in sent.items():
        if outside_id:
            outbox.mark_sent(message_id, outside_id=str(outside_id), now=clock.now())
    outbox.mark_undelivered(pk for pk, outside_id in sent.items() if not outside_id)


def store_gone(observed: ObservedGuild, *, now: datetime) -> None:
    """Store when Discord last confirmed that objects do not exist, so that staff can have them
    forgotten.  An object that is listed again is no longer marked as gone."""
    marked = DiscordObject.objects.filter(gone_at__isnull=False)
    listed = {*observed.roles, *observed.channels, *observed.events}
    back = [row.pk for row in marked if row.outside_id in listed]
    DiscordObject.objects.filter(pk__in=back).update(gone_at=None)
    confirmed = observed.gone & observed.fetched
    rows = DiscordObject.objects.filter(outside_id__in=confirmed)
    # The answer to our own deletion may have been lost, or someone was faster.
    rows.filter(approval__isnull=False).delete()
    rows.update(gone_at=now)
