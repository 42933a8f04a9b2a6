"""Plan direct messages: who to write to now, and which channels to open first.  Pure.

    the person            channel known   room for new ones   action
    --------------------  --------------  ------------------  ------------------------------
    is in the server      yes             -                   send
    is in the server      no              yes                 open the channel, then send
    is in the server      no              no                  none: the outbox handles it
    is not in the server  -               -                   none: Discord would refuse it
    accepts no messages   -               -                   none

Nothing is sent while direct messages are disabled (`shut`).  Messages about a group that is being
realized open no channel.
"""

from __future__ import annotations

from collections.abc import Iterator

from cohorts.reconcile.values import Action
from discordsync.plan import calls
from discordsync.plan.actions import key_to_send
from discordsync.plan.diff import Diff
from discordsync.state.desired import DesiredGroup
from discordsync.state.facts import DirectFacts


def plan_directs(look: Diff) -> Iterator[Action]:
    """Yield the actions for all due groups, oldest message first.

    If there is room for few new channels, the people who have waited longest get them.
    """
    if look.observed.shut:
        return
    waiting = [(direct, group) for group in look.due_groups() for direct in group.directs]
    room = look.desired.room_for_lines - _taken(look)
    asked: set[int] = set()
    for direct, group in sorted(waiting, key=lambda pair: pair[0].message.id):
        if not _is_reachable(look, direct):
            continue
        channel_id = direct.channel_id or look.observed.lines.get(direct.person)
        if channel_id is None and direct.person not in asked:
            if len(asked) >= room or look.may_create(group.id):
                continue
            asked.add(direct.person)
            yield _open(look, direct, group)
        yield _send(look, direct, group, channel_id)


def _taken(look: Diff) -> int:
    """Count channels that were opened in this run and are not in the snapshot yet."""
    directs = (direct for group in look.desired.groups.values() for direct in group.directs)
    known = {direct.person for direct in directs if direct.channel_id}
    return len(look.observed.lines.keys() - known)


def _is_reachable(look: Diff, direct: DirectFacts) -> bool:
    return (
        direct.message.id not in look.observed.sent
        and direct.person in look.observed.members
        and direct.person not in look.observed.closed
    )


def _open(look: Diff, direct: DirectFacts, group: DesiredGroup) -> Action:
    return Action(
        key=_key_to_open(direct.person),
        kind="directs",
        verb="open",
        target=f"a DM channel to {look.person_name(direct.person)}",
        why="the person has used the bot and wants direct messages",
        group_id=group.id,
        cohort_id=group.cohort_id,
        rank=direct.message.id,
        alone=True,
        payload=calls.open_line(direct.person),
    )


def _send(look: Diff, direct: DirectFacts, group: DesiredGroup, channel_id: int | None) -> Action:
    return Action(
        key=key_to_send(direct.message.id),
        kind="directs",
        verb="send",
        target=f"“{direct.message.kind.replace('_', ' ')}” to {look.person_name(direct.person)}",
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
