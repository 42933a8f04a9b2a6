"""Plan direct messages: who to write to now, and which channels to open first.  Pure.

    the person            channel known   room for new ones   action
    --------------------  --------------  ------------------  ------------------------------
    is in the server      yes             -                   send
    is in the server      no              yes                 open the channel, then send
    is in the server      no              no                  none: the outbox handles it
    is not in the server  -               -                   none: Discord would refuse it
    accepts no messages   -               -                   none

Nothing is sent while direct messages are disabled (`dms_disabled`).  Messages about a group that is
being realized open no channel.
"""

from collections.abc import Iterator

from cohorts.reconcile.values import Action
from discordsync.desired import DesiredGroup
from discordsync.plan import calls
from discordsync.plan.diff import Diff
from discordsync.state import keys
from discordsync.state.facts import DirectMessageFacts


def plan_direct_messages(diff: Diff) -> Iterator[Action]:
    """Yield the actions for all due groups, oldest message first.

    If there is room for few new channels, the people who have waited longest get them.
    """
    if diff.observed.dms_disabled:
        return
    waiting = [(direct, group) for group in diff.due_groups for direct in group.direct_messages]
    room = diff.desired.new_dm_channels - _count_opened(diff)
    requested: set[int] = set()
    for direct, group in sorted(waiting, key=lambda pair: pair[0].message.id):
        if not _is_reachable(diff, direct):
            continue
        channel_id = direct.channel_id or diff.observed.dm_channels.get(direct.person)
        if channel_id is None and direct.person not in requested:
            if len(requested) >= room or diff.may_create(group.id):
                continue
            requested.add(direct.person)
            yield _open(diff, direct, group)
        yield _send(diff, direct, group, channel_id)


def _count_opened(diff: Diff) -> int:
    """Count channels that were opened in this run and are not in the snapshot yet."""
    direct_messages = (
        direct for group in diff.desired.groups.values() for direct in group.direct_messages
    )
    known = {direct.person for direct in direct_messages if direct.channel_id}
    return len(diff.observed.dm_channels.keys() - known)


def _is_reachable(diff: Diff, direct: DirectMessageFacts) -> bool:
    return (
        direct.message.id not in diff.observed.sent | diff.observed.unsearched
        and direct.person in diff.observed.members
        and direct.person not in diff.observed.dm_closed
    )


def _open(diff: Diff, direct: DirectMessageFacts, group: DesiredGroup) -> Action:
    return Action(
        key=_key_to_open(direct.person),
        kind="directs",
        verb="open",
        target=f"a DM channel to {diff.person_name(direct.person)}",
        why="the person has used the bot and wants direct messages",
        group_id=group.id,
        cohort_id=group.cohort_id,
        rank=direct.message.id,
        alone=True,
        payload=calls.open_dm_channel(direct.person),
    )


def _send(
    diff: Diff, direct: DirectMessageFacts, group: DesiredGroup, channel_id: int | None
) -> Action:
    return Action(
        key=keys.to_send(direct.message.id),
        kind="directs",
        verb="send",
        target=f"“{direct.message.kind.replace('_', ' ')}” to {diff.person_name(direct.person)}",
        why="the message is due",
        group_id=group.id,
        cohort_id=group.cohort_id,
        needs=frozenset() if channel_id else frozenset([_key_to_open(direct.person)]),
        rank=direct.message.id,
        alone=True,
        payload=calls.send_direct(channel_id or 0, direct),
    )


def _key_to_open(person: int) -> str:
    return f"open line {person}"
