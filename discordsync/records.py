"""Write the records of our objects.  Nothing here makes an external call.

A row is committed before the call that creates its object, and completed afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from cohorts import clock
from cohorts.errors import Refusal
from cohorts.models import Cohort, Group
from cohorts.outbox import services as outbox
from cohorts.outbox.health import parts
from cohorts.outbox.models import Message
from cohorts.reconcile.differences import LASTING, Drift, DriftChoice
from cohorts.reconcile.errors import CallFailed, Conflict, Unclear
from cohorts.reconcile.services import record_adopted
from cohorts.reconcile.values import Action, Finding, Outcome
from cohorts.validators import check_snowflake
from discordsync.delivery import direct_messages, dm_channels, posts
from discordsync.desired import desired_names, desired_state
from discordsync.joining.states import note_adding
from discordsync.models import DiscordObject, HiddenCount
from discordsync.observe import own_writes, recover
from discordsync.plan.calls import Call
from discordsync.removal.services import begin_removal, groups_of, withdraw_removal
from discordsync.services import record_existing
from discordsync.snapshot import find_names, take_snapshot
from discordsync.state import keys
from discordsync.state.observed import Discovered, ObservedGuild, Sent
from discordsync.state.permissions import may_add_members
from meetings.models import Meeting

LIMITS = {"channels": 500, "roles": 250, "events": 100}
REMOVED = {"roles", "channels"}  # the lanes of removals
RETRY_UNCLEAR = timedelta(0)  # the next observation shows whether it arrived
RETRY_FAILED = timedelta(minutes=5)
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
    own_writes.record_write(call)
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
        values = {
            **_place(action, call.key),
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


def _place(action: Action, key: str) -> dict[str, Any]:
    kind = keys.kind_of(key)
    meeting_id = keys.number_of(key) if kind == "event" else None
    return {
        "kind": kind,
        "cohort_id": action.cohort_id,
        "group_id": action.group_id,
        "meeting_id": meeting_id,
    }


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
    snapshot = take_snapshot(now, groups)
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
    own_writes.delete_old()
    store_gone(observed, now=now)
    if discovered.adopt:
        adopt(discovered.orphans, _desired_names(discovered.orphans, now), observed)


def _desired_names(orphans: Iterable[str], now: datetime) -> dict[str, str]:
    cohorts = {_owners(key)[0] for key in orphans}
    groups = Group.objects.filter(cohort__in=cohorts).values_list("pk", flat=True)
    return desired_names(desired_state(take_snapshot(now, groups), now))


def store_ids(found: Mapping[str, int], observed: ObservedGuild) -> None:
    """Store the ids that were found for records without one."""
    for key, outside_id in found.items():
        DiscordObject.objects.filter(key=key, outside_id=None).update(
            outside_id=outside_id, name_returned=observed.name_of(outside_id)
        )


@transaction.atomic
def adopt(orphans: Mapping[str, int], names: Mapping[str, str], observed: ObservedGuild) -> None:
    """Adopt orphans because staff asked for it: create their records.  They get no welcome message.

    `names` are their desired names, stored as the names that were sent.  The request is used once;
    orphans of a later observation need another one.  An object that has another record (two cohorts
    in one category, say) is not adopted, and that reason is reported.
    """
    lacking = {}
    for key, outside_id in orphans.items():
        other = DiscordObject.objects.filter(outside_id=outside_id).exclude(key=key).first()
        if other is not None:
            lacking[key] = _say_whose(key, other, observed.name_of(outside_id))
            continue
        cohort_id, group_id, meeting_id = _owners(key)
        DiscordObject.objects.update_or_create(
            key=key,
            defaults={
                "kind": keys.kind_of(key),
                "cohort_id": cohort_id,
                "group_id": group_id,
                "meeting_id": meeting_id,
                "outside_id": outside_id,
                "name_sent": names.get(key, ""),
                "name_returned": observed.name_of(outside_id),
                "gone_at": None,
                "decisions": {},
                "imported": True,
            },
        )
    record_adopted("discord", lacking)


def _say_whose(key: str, other: DiscordObject, name: str) -> str:
    cohort_id, group_id, _ = _owners(key)
    wanted = Group.objects.get(pk=group_id) if group_id else Cohort.objects.get(pk=cohort_id)
    return (
        f"“{name}” was not taken over as the {keys.kind_of(key).replace('_', ' ')} of {wanted}: it "
        f"is already recorded for {other.group or other.cohort}."
    )


def _owners(key: str) -> tuple[int, int | None, int | None]:
    """Return the ids of the cohort, group and meeting that a key names."""
    number = keys.number_of(key)
    match keys.kind_of(key):
        case "category" | "cohort_channel":
            return number, None, None
        case "event":
            group = Meeting.objects.select_related("group").get(pk=number).group
            return group.cohort_id, group.pk, number
        case _:
            return Group.objects.get(pk=number).cohort_id, number, None


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


# -- decisions of staff --------------------------------------------------------------------------


@transaction.atomic
def decide_drift(drift: Drift, choice: DriftChoice, answer: str) -> Collection[int]:
    """Store what staff decided about one of our objects; return the groups that it concerns.

    Raises Refusal: no_record, came_back, bad_id, and those of `record_existing`.
    """
    key, _, part = drift.key.partition(" ")
    rows = DiscordObject.objects.select_for_update(of=("self",)).filter(released_at=None)
    row = rows.select_related("cohort", "group").filter(key=key).first()
    if row is None:
        raise Refusal("no_record", f"{drift.what} is no longer recorded.")
    if choice in LASTING:
        row.decisions[part] = [choice, drift.value]
        row.save(update_fields=["decisions"])
    elif choice == DriftChoice.REPLACE:
        _replace(row, answer)
    elif row.gone_at is None:
        raise Refusal("came_back", f"{drift.what} exists again.")
    else:
        row.delete()
    return groups_of(row)


def _replace(row: DiscordObject, answer: str) -> None:
    try:
        check_snowflake(int(answer))
    except (ValueError, ValidationError) as error:
        raise Refusal(
            "bad_id",
            f"“{answer[:40]}” is not a Discord ID. In Discord, turn on Developer Mode, right-click "
            "the object and choose Copy ID.",
        ) from error
    ordinal = keys.ordinal_of(row.key) if row.kind == DiscordObject.Kind.CATEGORY else 1
    record_existing(
        row.kind, cohort=row.cohort, group=row.group, outside_id=int(answer), ordinal=ordinal
    )


# -- deleting records ------------------------------------------------------------------------


def delete_gone(group_id: int) -> Collection[str]:
    """Delete the records of objects confirmed as gone, of the group and of its cohort.

    Return their names.
    """
    cohort_id = Group.objects.values_list("cohort_id", flat=True).get(pk=group_id)
    gone = DiscordObject.objects.filter(cohort_id=cohort_id, gone_at__isnull=False)
    rows = [row for row in gone if row.group_id in {None, group_id}]
    DiscordObject.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return [str(row) for row in rows]


def delete_all() -> None:
    """Delete all records: this database is a clone, and the objects belong to its original."""
    DiscordObject.objects.all().delete()
