"""What happens in the server while the real bot listens: people, roles, channels."""

from __future__ import annotations

import pytest
from django.db import connection

from cohorts import clock
from cohorts.models import AccessState, Group, Membership
from cohorts.reconcile.models import GroupSync
from cohorts.services.groups import end_group
from cohorts.services.memberships import end_membership
from discordsync.bot.models import GuildMembership
from discordsync.models import HiddenCount
from tests.discordsync.bot.here import (
    are_noticed,
    is_settled,
    numbers,
    observed_once,
    role_of,
    workers,
    works_and_is_settled,
)
from tests.discordsync.guild_state import outside_id
from tests.support.cohort import make_cohort, realize, work
from tests.support.sandbox import GUILD_ID

pytestmark = pytest.mark.django_db(transaction=True)


MANY = 30


@pytest.fixture
def _django_db_helper() -> None:
    """No test empties the database under the bot's hands: `world` does, when the bot is gone."""


def test_who_joins_has_the_role_within_seconds_and_is_greeted(here, world, standing):
    late = standing.people[1]
    here.join(late)

    def has_role() -> bool:
        workers()
        member = world.sandbox.get("state")["discord"]["members"][str(late.discord_id)]
        return role_of(standing) in member["roles"]

    here.people.wait(has_role, "the role did not come")
    assert GuildMembership.objects.get(user=late).left_at is None

    channel = outside_id(f"text_channel:{standing.groups[0].pk}")

    def is_greeted() -> bool:
        workers()
        said = world.sandbox.get("state")["discord"]["messages"].get(channel, {})
        return any(f"<@{late.discord_id}>" in one["content"] for one in said.values())

    here.people.wait(is_greeted, "nobody greeted")


def test_who_accepts_the_rules_is_noticed_at_once(here, world):
    late = here.academy.add_member("Late", "A", discord_id=210000000000000000 + next(numbers))
    syncs = GroupSync.objects.filter(group=here.academy.groups["A"], provider="discord")
    before = syncs.get().generation
    world.sandbox.post("discord/settings", {"membership_screening": True})
    here.join(late)
    world.sandbox.post("discord/settings", {"membership_screening": False})
    here.people.wait(lambda: syncs.get().generation > before, "nobody noticed that they joined")
    joined = syncs.get().generation
    world.sandbox.post("accept_rules", {"id": str(late.discord_id)})
    here.people.wait(lambda: syncs.get().generation > joined, "nobody noticed that they accepted")


def test_who_joins_while_the_database_is_away_is_noticed_afterwards(here, world):
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE bot_guildmembership RENAME TO bot_guildmembership_away")
        try:
            late = here.add("Late", "A")
            here.people.wait(
                lambda: '"bot_guildmembership" does not exist' in world.bot.said(),
                "the event was not received",
            )
        finally:
            cursor.execute("ALTER TABLE bot_guildmembership_away RENAME TO bot_guildmembership")
    noticed = GuildMembership.objects.filter(user=late, left_at=None)
    here.people.wait(noticed.exists, "nobody noticed")


@pytest.mark.matrix
def test_who_leaves_is_noticed_and_nothing_fails(here, world, standing):
    gone = standing.people[0]
    world.sandbox.post("leave", {"id": str(gone.discord_id)})
    here.people.wait(
        lambda: GuildMembership.objects.filter(user=gone, left_at__isnull=False).exists(),
        "nobody noticed",
    )

    def is_told() -> bool:
        workers()
        return AccessState.objects.filter(
            user=gone, provider="discord", state=AccessState.State.NOT_JOINED
        ).exists()

    here.people.wait(is_told, "staff are not told")
    here.people.wait(lambda: is_settled(standing), "something is left to do")


@pytest.mark.parametrize(
    "kind",
    [
        "role",
        pytest.param("text_channel", marks=pytest.mark.matrix),
        pytest.param("voice_channel", marks=pytest.mark.matrix),
    ],
)
def test_what_someone_deletes_is_noticed_at_once(here, world, standing, kind):
    group = standing.groups[0]
    here.people.wait(lambda: works_and_is_settled(standing), "it does not settle")
    what = "role" if kind == "role" else "channel"
    world.sandbox.post("delete", {"kind": what, "id": outside_id(f"{kind}:{group.pk}")})

    def is_missing() -> bool:
        workers()
        return GroupSync.objects.get(group=group, provider="discord").issue == "missing"

    here.people.wait(is_missing, "nobody noticed")


def test_a_channel_that_someone_opens_to_all_is_shut_at_once(here, world, standing):
    channel = outside_id(f"text_channel:{standing.groups[0].pk}")
    everyone = str(GUILD_ID)
    wish = {"kind": "channel", "id": channel, "fields": {"permission_overwrites": []}}
    world.sandbox.post("edit", wish)

    def is_shut() -> bool:
        workers()
        overwrites = world.sandbox.get("state")["discord"]["channels"][channel]["overwrites"]
        return everyone in overwrites

    here.people.wait(is_shut, "it stays open")


def test_access_ends_at_once_when_staff_move_the_bots_role_above_the_groups(here, world, standing):
    guild = world.sandbox.get("state")["discord"]
    role, usual = guild["roles"][role_of(standing)], guild["roles"][guild["bot_role_id"]]
    gone, sync = standing.people[0], GroupSync.objects.filter(group=standing.groups[0])
    here.people.wait(lambda: works_and_is_settled(standing), "it does not settle")
    world.sandbox.post("discord/settings", {"bot_role_position": role["position"]})
    end_membership(Membership.objects.get(user=gone).pk, status="dropped", now=clock.now())
    here.people.wait(lambda: works_and_is_settled(standing), "it does not settle")
    assert sync.get(provider="discord").issue == "role_too_low"
    world.sandbox.post("discord/settings", {"bot_role_position": usual["position"]})

    def is_out() -> bool:
        workers()
        members = world.sandbox.get("state")["discord"]["members"]
        return role_of(standing) not in members[str(gone.discord_id)]["roles"]

    here.people.wait(is_out, "access stays open")


@pytest.mark.matrix
def test_a_role_that_is_taken_by_hand_comes_back_at_once(here, world, standing):
    member = standing.people[0]
    here.people.wait(lambda: works_and_is_settled(standing), "it does not settle")
    wish = {"member": str(member.discord_id), "role": role_of(standing)}
    world.sandbox.post("revoke", wish)

    def is_back() -> bool:
        workers()
        members = world.sandbox.get("state")["discord"]["members"]
        return role_of(standing) in members[str(member.discord_id)]["roles"]

    here.people.wait(is_back, "it stays away")


def test_b14_hidden_channels_are_counted_as_the_gateway_reports_them(here):
    sandbox = here.world.sandbox
    hidden = [{"id": str(GUILD_ID), "type": 0, "allow": "0", "deny": str(1 << 10)}]
    category = {"name": "staff", "type": 4, "permission_overwrites": hidden}
    parent = sandbox.post("create", {"kind": "channel", "fields": category})["id"]
    inside = {"name": "staff", "parent_id": parent, "permission_overwrites": hidden}
    sandbox.post("create", {"kind": "channel", "fields": inside})

    told = HiddenCount.objects.filter(kind="channels", source="gateway", count=2)
    here.people.wait(told.exists, "the hidden channels are not counted")
    row = told.get()
    assert (row.categories, row.by_category) == (1, {parent: 1})

    for _ in range(MANY):  # each is told while the one before is still being stored
        sandbox.post("create", {"kind": "channel", "fields": inside})
    told = HiddenCount.objects.filter(source="gateway", by_category={parent: 1 + MANY})
    here.people.wait(told.exists, "an older count was stored last")


def test_c13_own_writes_are_no_changes_by_hand(here):
    """Realizing and ending a cohort cost one full observation each, also while the bot listens."""
    made = make_cohort(groups=2, members=2, name=f"Term {next(numbers)}", called="Echo")
    for person in made.people:
        person.discord_id = 210000000000000000 + next(numbers)
        person.save()
        here.join(person)
    are_noticed(here, made.people)
    work("discord")
    with observed_once(here):
        realize(made)
    with observed_once(here):
        for group in made.groups:
            end_group(group.pk, status=Group.Status.COMPLETED, now=clock.now())
