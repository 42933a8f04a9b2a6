"""Handle events of the guild: find the groups that are affected, and request their sync.

Nothing else is done here: the provider observes at once instead of at its next resync.  People and
objects that are not ours are not stored.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from cohorts import clock
from cohorts.models import AccessState, Group, Membership, User, live_group
from cohorts.reconcile.models import GroupSync
from cohorts.reconcile.services import report_outside_change
from discordsync.bot.models import GuildMembership
from discordsync.models import DiscordObject
from discordsync.records import are_own_writes
from discordsync.selectors import PROVIDER, groups_of
from guestvisits.models import GuestVisit

# Issues that staff resolve by changing or moving the bot's role.
RIGHTS_OF_THE_BOT = ("role_too_low", "missing_permissions", "forbidden", "archive_open")


def record_join(discord_id: int, joined_at: datetime) -> None:
    """Handle a person who has joined: sync their groups, which grants their roles."""
    person = User.objects.filter(discord_id=discord_id).first()
    if person is None:
        return
    GuildMembership.objects.update_or_create(
        user=person, defaults={"joined_at": joined_at, "left_at": None}
    )
    report_outside_change(_groups_of(person), PROVIDER)


def record_leave(discord_id: int) -> None:
    """Handle a person who has left: store it for staff, and sync the groups they had access to."""
    present = GuildMembership.objects.filter(user__discord_id=discord_id, left_at=None)
    present.update(left_at=clock.now())
    handle_person_change(discord_id)


def handle_person_change(discord_id: int) -> None:
    """Handle another change of a person, such as that they have accepted the server's rules."""
    person = User.objects.filter(discord_id=discord_id).first()
    if person is not None:
        report_outside_change(_groups_of(person), PROVIDER)


def handle_object_change(outside_id: int, changes: Mapping[str, str] | None = None) -> None:
    """Handle a deleted or changed role or channel, if it is one that we recorded.

    `changes`: see `discordsync.plan.calls.describe_changes`.  Our own writes are ignored.  Ended
    groups are compared too: one can answer for a cohort's channel, or have an archive there.
    """
    record = DiscordObject.objects.filter(outside_id=outside_id).first()
    if record is not None and not (changes and are_own_writes(changes)):
        report_outside_change(groups_of(record), PROVIDER)


def handle_bots_role_change() -> None:
    """Handle a changed or moved role of the bot: compare the groups that wait for that."""
    waiting = GroupSync.objects.filter(provider=PROVIDER, issue__in=RIGHTS_OF_THE_BOT)
    report_outside_change(waiting.values_list("group_id", flat=True), PROVIDER)


def handle_role_change(discord_id: int, *, given: Collection[int], taken: Collection[int]) -> None:
    """Handle roles that a person was given or lost by hand.  Our own writes are ignored."""
    changes = dict.fromkeys(given, "given") | dict.fromkeys(taken, "taken")
    by_hand = {
        group
        for role, group in _groups_by_role(changes).items()
        if not are_own_writes({f"member {discord_id} {role}": changes[role]})
    }
    if by_hand:
        report_outside_change(by_hand, PROVIDER)


def catch_up(joined: Mapping[int, datetime], *, whole: bool) -> None:
    """Compensate for events that were missed before the bot connected, and sync all live groups.

    `joined` maps Discord ids to times.  `whole`: the list is complete, so others have left.
    """
    people = User.objects.filter(discord_id__in=joined).values_list("pk", "discord_id")
    # In one order, because another bot may store the same rows at this moment.
    GuildMembership.objects.bulk_create(
        [
            GuildMembership(user_id=pk, joined_at=joined[account or 0])
            for pk, account in people.order_by("pk")
        ],
        update_conflicts=True,
        unique_fields=["user"],
        update_fields=["joined_at", "left_at"],
    )
    if whole:
        gone = GuildMembership.objects.filter(left_at=None).exclude(user__discord_id__in=joined)
        gone.update(left_at=clock.now())
    live = Group.objects.filter(live_group())
    report_outside_change(live.values_list("pk", flat=True), PROVIDER)


# -- which groups ----------------------------------------------------------------------------------


def _groups_of(person: User) -> set[int]:
    """Return the groups in which a person is a member or a visitor, or still has access."""
    member = Membership.objects.filter(user=person, status=Membership.Status.ACTIVE)
    visits = GuestVisit.objects.filter(user=person, ended_at__isnull=True)
    states = AccessState.objects.filter(user=person, provider=PROVIDER)
    return {
        *member.values_list("group_id", flat=True),
        *visits.values_list("host_meeting__group_id", flat=True),
        *states.exclude(state=AccessState.State.ENDED).values_list("group_id", flat=True),
    }


def _groups_by_role(role_ids: Collection[int]) -> dict[int, int]:
    """Return the group of each role of ours, by the role's Discord id."""
    roles = DiscordObject.objects.filter(
        outside_id__in=role_ids, kind=DiscordObject.Kind.ROLE, group__isnull=False
    )
    return {row.outside_id: row.group_id for row in roles if row.outside_id and row.group_id}
