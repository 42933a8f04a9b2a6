"""Report the status of one group in the guild.  Pure."""

from datetime import datetime, timedelta

from cohorts.reconcile.values import Access, IssueCode, Policy, Review
from discordsync.desired import DesiredGroup, DesiredGuild
from discordsync.plan.diff import Diff, ObjectStatus
from discordsync.plan.drift import find_drift
from discordsync.state import keys
from discordsync.state.observed import ObservedGuild

RULES_PENDING = "Has not accepted the Discord server's rules yet."
UNSEEN = "Discord did not list everybody, so it is not known who is in the server."
LOOK_AGAIN = timedelta(minutes=1)  # after an incomplete observation


def review(desired: DesiredGuild, observed: ObservedGuild, group_id: int, now: datetime) -> Review:
    """Return a group's status.  Ready: category, role, both channels, a meeting, and one person
    with access."""
    group = desired.groups.get(group_id)
    if group is None:  # it has ended, and nothing of it is outside
        return Review(ready=False)
    diff = Diff(desired, observed, Policy(frozenset()))
    role_id = diff.id_of(keys.role(group.id))
    holders = observed.holders(role_id) if role_id else frozenset()
    built = group.live and all(map(diff.exists, (group.category, *keys.of_group(group.id))))
    incomplete = role_id in observed.incomplete
    reached = bool(holders & group.people.keys())
    looks_again = incomplete or observed.events_unread or _is_unconfirmed(diff, group)
    moments = (group.next_at, now + LOOK_AGAIN if looks_again else None)
    return Review(
        ready=built and reached and group.has_meetings,
        issue=_issue(group, built=built, reached=reached or incomplete),
        next_at=min((moment for moment in moments if moment), default=None),
        access=tuple(_access(group, observed, holders, incomplete=incomplete)),
        is_set_up=built and group.has_meetings,
        drift=find_drift(diff, group),
    )


def _is_unconfirmed(diff: Diff, group: DesiredGroup) -> bool:
    direct = (one.message for one in group.direct_messages)
    if any(one.id in diff.observed.unsearched for one in (*group.messages, *direct)):
        return True
    events = (event.key for event in diff.desired.events_of.get(group.id, ()))
    return any(
        diff.status(key) is ObjectStatus.UNCONFIRMED for key in (*group.infrastructure, *events)
    )


def _issue(group: DesiredGroup, *, built: bool, reached: bool) -> str:
    if not group.live or not built:
        return ""
    if not group.has_slot:
        return IssueCode.NO_SLOT
    return "" if reached else IssueCode.NO_ONE_HAS_ACCESS


def _access(
    group: DesiredGroup, observed: ObservedGuild, holders: frozenset[int], *, incomplete: bool
) -> list[Access]:
    found = [Access(p.id, "no_address", "No Discord account is known.") for p in group.unreachable]
    for discord_id, person in group.people.items():
        if discord_id in holders and discord_id in observed.pending:
            found.append(Access(person.id, "granted", RULES_PENDING))
        elif discord_id in holders:
            found.append(Access(person.id, "granted"))
        elif discord_id in observed.members:
            found.append(Access(person.id, "pending"))
        elif incomplete:
            found.append(Access(person.id, "pending", UNSEEN))
        else:
            found.append(Access(person.id, "not_joined", "Not in the Discord server yet."))
    return found
