"""Each class of drift in the guild appears once, and each choice ends as its preview said."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.contrib.auth.models import Permission

from cohorts import clock
from cohorts.models import ActivityEntry, Group, User
from cohorts.reconcile.differences import Drift, read_drift
from cohorts.reconcile.drift.drift_decisions import DriftDecided, DriftDecision, decide
from cohorts.reconcile.models import GroupSync
from discordsync.models import DiscordObject
from discordsync.sandbox.permissions import Bit
from discordsync.state.permissions import name_permissions
from tests.discordsync.guild_state import holders_of, look_again, outside_id, trouble
from tests.support.cohort import MadeCohort, add_member, join, work
from tests.support.running_sandbox import RunningSandbox
from tests.support.spread import in_matrix, thin
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@dataclass
class Guild:
    """The guild of two groups, and a programme manager who decides about it."""

    sandbox: RunningSandbox
    made: MadeCohort
    max: User

    @property
    def first(self):
        return self.made.groups[0]

    def key(self, kind: str) -> str:
        shared = {"category": f"category:{self.made.cohort.pk}:1"}
        shared["cohort_channel"] = f"cohort_channel:{self.made.cohort.pk}"
        return shared.get(kind, f"{kind}:{self.first.pk}")

    def state(self, kind: str) -> dict:
        things = "roles" if kind == "role" else "channels"
        return self.sandbox.get("state")["discord"][things][outside_id(self.key(kind))]

    def edit(self, kind: str, **fields) -> None:
        thing = "role" if kind == "role" else "channel"
        told = {"kind": thing, "id": outside_id(self.key(kind)), "fields": fields}
        self.sandbox.post("edit", told)

    def delete(self, kind: str) -> None:
        thing = "role" if kind == "role" else "channel"
        self.sandbox.post("delete", {"kind": thing, "id": outside_id(self.key(kind))})

    def drift(self) -> list[Drift]:
        """What is stored about all groups."""
        rows = GroupSync.objects.filter(provider="discord").order_by("group")
        return [read_drift(one) for row in rows for one in row.drift]

    def look(self) -> Drift:
        """Have everything compared; return the one difference."""
        look_again()
        (found,) = self.drift()
        return found

    def choose(self, drift: Drift, choice: str, answer: str = "") -> DriftDecided:
        one = DriftDecision(self.first.pk, "discord", drift.key, drift.digest, choice, answer)
        return decide([one], by=self.max, now=clock.now())

    def do(self, drift: Drift, choice: str, answer: str = "") -> None:
        decided = self.choose(drift, choice, answer)
        assert decided == DriftDecided(1, ())
        work("discord")

    def check_nothing_more(self) -> None:
        seen = self.sandbox.last
        look_again()
        assert self.sandbox.writes(since=seen) == []


@pytest.fixture
def guild(sandbox, two_groups):
    person = User.objects.create_user("max@example.org", name="Max", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename="change_group"))
    return Guild(sandbox, two_groups, person)


def choices(drift: Drift) -> list[str]:
    return [str(one.choice) for one in drift.options]


NAMES = {"role": "Ours", "text_channel": "ours", "voice_channel": "Ours", "category": "Ours"}
DELETED = ["role", "text_channel", "voice_channel", "category", "cohort_channel"]


@pytest.mark.parametrize("kind", ["text_channel", in_matrix("role"), in_matrix("category")])
def test_a_new_name_is_kept_through_later_passes_until_staff_take_ours_again(guild, kind):
    before = guild.state(kind)["name"]
    guild.edit(kind, name=NAMES[kind])
    drift = guild.look()
    assert (drift.kind, drift.ours, drift.theirs) == ("renamed", before, NAMES[kind])
    assert choices(drift) == ["apply", "keep"]
    assert trouble(guild.first) == "renamed"

    guild.do(drift, "keep")
    (kept,) = guild.drift()
    assert kept.is_kept
    assert [one.choice for one in kept.open_options] == ["apply"]
    assert trouble(guild.first) == ""
    guild.check_nothing_more()

    guild.do(kept, "apply")
    assert guild.state(kind)["name"] == before
    assert guild.drift() == []
    guild.check_nothing_more()


@pytest.mark.matrix
def test_a_kept_name_gives_way_to_a_new_name_in_lens(guild):
    guild.edit("text_channel", name="ours")
    guild.do(guild.look(), "keep")
    guild.first.name = "Heron"
    guild.first.save()
    work("discord")
    assert guild.state("text_channel")["name"] == "heron"
    assert DiscordObject.objects.get(key=guild.key("text_channel")).decisions == {}
    assert guild.drift() == []


@pytest.mark.matrix
def test_another_new_name_asks_again(guild):
    guild.edit("text_channel", name="ours")
    guild.do(guild.look(), "keep")
    guild.edit("text_channel", name="theirs")
    drift = guild.look()
    assert (drift.theirs, drift.decided) == ("theirs", "")
    assert choices(drift) == ["apply", "keep"]


def test_a_channel_stays_in_another_category_or_is_moved_back(guild):
    other = guild.sandbox.post(
        "create", {"kind": "channel", "fields": {"name": "Attic", "type": 4}}
    )
    home = guild.state("text_channel")["parent_id"]
    guild.edit("text_channel", parent_id=str(other["id"]))
    drift = guild.look()
    assert (drift.kind, drift.theirs) == ("moved", "in the category “Attic”")
    assert choices(drift) == ["apply", "keep"]

    guild.do(drift, "keep")
    guild.check_nothing_more()
    (kept,) = guild.drift()
    guild.do(kept, "apply")
    assert guild.state("text_channel")["parent_id"] == home
    assert guild.drift() == []
    guild.check_nothing_more()


def test_permissions_of_our_role_are_kept_or_taken_back(guild):
    role = outside_id(guild.key("role"))
    held = guild.state("text_channel")["overwrites"]
    more = {**held, role: {**held[role], "allow": held[role]["allow"] | int(Bit.EMBED_LINKS)}}
    set_overwrites(guild, more)
    drift = guild.look()
    assert drift.kind == "permissions"
    assert "may also: Embed Links" in drift.theirs

    guild.do(drift, "keep")
    guild.check_nothing_more()
    assert guild.state("text_channel")["overwrites"] == more
    guild.do(guild.drift()[0], "apply")
    assert guild.state("text_channel")["overwrites"] == held
    assert guild.drift() == []
    guild.check_nothing_more()


@pytest.mark.matrix
def test_a_role_of_others_in_our_channel_is_named_and_can_be_removed(guild):
    moderators = guild.sandbox.post("create", {"kind": "role", "fields": {"name": "Moderators"}})
    held = guild.state("text_channel")["overwrites"]
    view = {"type": 0, "allow": int(Bit.VIEW_CHANNEL), "deny": 0}
    set_overwrites(guild, {**held, str(moderators["id"]): view})
    drift = guild.look()
    assert "“Moderators” may also: View Channel" in drift.theirs
    assert trouble(guild.first) == ""

    guild.do(drift, "apply")
    assert guild.state("text_channel")["overwrites"] == held
    guild.check_nothing_more()


@pytest.mark.matrix
def test_the_role_of_another_group_in_a_group_channel_is_named_and_can_be_removed(guild):
    other = outside_id(f"role:{guild.made.groups[1].pk}")
    held = guild.state("text_channel")["overwrites"]
    view = {"type": 0, "allow": int(Bit.VIEW_CHANNEL), "deny": 0}
    set_overwrites(guild, {**held, other: view})
    drift = guild.look()
    assert "may also: View Channel" in drift.theirs

    guild.do(drift, "apply")
    assert guild.state("text_channel")["overwrites"] == held
    guild.check_nothing_more()


def test_all_added_permissions_are_named():
    assert name_permissions(0b1111 << 10 | 1 << 28 | 1 << 48 | 1 << 52) == (
        "View Channel, Send Messages, Send Text-to-Speech Messages, Manage Messages, "
        "Manage Permissions, Set Voice Channel Status, Bypass Slowmode"
    )


def set_overwrites(guild: Guild, overwrites: dict) -> None:
    told = [
        {"id": pk, **held, "allow": str(held["allow"]), "deny": str(held["deny"])}
        for pk, held in overwrites.items()
    ]
    guild.edit("text_channel", permission_overwrites=told)


@pytest.mark.parametrize("kind", thin(DELETED, every=1, always=["role"]))
def test_what_was_deleted_is_recreated(guild, kind):
    before = describe_guild(guild.sandbox.get("state"))
    holders = holders_of(guild.sandbox, guild.key("role"))
    guild.delete(kind)
    drift = guild.look()
    assert drift.kind == "deleted"
    forget = [] if kind == "cohort_channel" else ["forget"]
    assert choices(drift) == ["recreate", *forget, "replace"]
    recreate = drift.options[0].outcome
    shared = kind == "cohort_channel"
    assert f"{6 if shared else 3} people in the server get access" in recreate or kind == "category"

    guild.do(drift, "recreate")
    look_again()
    assert guild.drift() == []
    after = describe_guild(guild.sandbox.get("state"))
    assert {**after, "messages": []} == {**before, "messages": []}
    assert holders_of(guild.sandbox, guild.key("role")) == holders
    guild.check_nothing_more()


@pytest.mark.parametrize("kind", ["text_channel", in_matrix("role"), in_matrix("category")])
def test_what_is_forgotten_is_missed_no_more_and_not_created(guild, kind):
    GroupSync.objects.update(realize_requested_at=clock.now())
    guild.delete(kind)
    drift = guild.look()
    guild.do(drift, "forget")
    assert guild.drift() == []
    assert not DiscordObject.objects.filter(key=guild.key(kind)).exists()
    assert not GroupSync.objects.exclude(realize_requested_at=None).exists()
    guild.check_nothing_more()


@pytest.mark.matrix
@pytest.mark.parametrize("kind", ["category", "cohort_channel"])
def test_recreating_what_is_shared_realizes_no_other_group(guild, kind):
    new = Group.objects.create(cohort=guild.made.cohort, name="New")
    join(guild.sandbox, [*guild.made.people, add_member(new)])
    work("discord")
    guild.delete(kind)
    drift = guild.look()
    assert "6 people" in drift.options[0].outcome or kind == "category"
    guild.do(drift, "recreate")
    look_again()
    assert guild.state(kind)["name"]
    rows = GroupSync.objects.filter(provider="discord", realize_requested_at__isnull=False)
    assert not rows.exists()
    assert not DiscordObject.objects.filter(group=new).exists()


@pytest.mark.matrix
def test_recreate_and_forget_of_one_group_exclude_each_other(guild):
    guild.delete("text_channel")
    guild.delete("voice_channel")
    look_again()
    text, voice = guild.drift()
    pairs = ((voice, "forget"), (text, "recreate"))
    both = [DriftDecision(guild.first.pk, "discord", d.key, d.digest, c) for d, c in pairs]
    decided = decide(both, by=guild.max, now=clock.now())
    assert (decided.done, "exclude each other" in decided.refused[0]) == (1, True)
    work("discord")
    look_again()
    (left,) = guild.drift()
    assert left.key == voice.key

    guild.do(left, "forget")
    guild.delete("text_channel")
    again = guild.look()
    assert "Also creates what else is missing: the voice channel." in again.options[0].outcome
    guild.do(again, "recreate")
    look_again()
    assert guild.state("voice_channel")["name"]


def test_only_those_who_may_import_use_another_channel(guild):
    made = guild.sandbox.post("create", {"kind": "channel", "fields": {"name": "cafe", "type": 0}})
    guild.delete("text_channel")
    drift = guild.look()
    refused = guild.choose(drift, "replace", str(made["id"]))
    assert refused.done == 0
    assert "You may not" in refused.refused[0]

    guild.max.user_permissions.add(Permission.objects.get(codename="change_discordobject"))
    guild.max = User.objects.get(pk=guild.max.pk)
    assert "is not a Discord ID" in guild.choose(drift, "replace", "cafe").refused[0]
    guild.do(drift, "replace", str(made["id"]))
    assert outside_id(guild.key("text_channel")) == str(made["id"])
    assert guild.state("text_channel")["name"] == "cafe"
    assert not ActivityEntry.objects.filter(kind="object_imported").exists(), "one entry for it"
    assert ActivityEntry.objects.filter(kind="drift_decided").count() == 1
    role = outside_id(guild.key("role"))
    assert guild.state("text_channel")["overwrites"][role]["allow"] & int(Bit.VIEW_CHANNEL)
    assert guild.drift() == []


@pytest.mark.matrix
def test_a_hidden_channel_says_what_to_do(guild):
    everyone = guild.sandbox.get("state")["discord"]["guild"]["id"]
    set_overwrites(guild, {everyone: {"type": 0, "allow": 0, "deny": int(Bit.VIEW_CHANNEL)}})
    drift = guild.look()
    assert (drift.kind, choices(drift)) == ("hidden", ["replace"])
    assert "View Channel" in drift.advice


@pytest.mark.matrix
def test_a_second_choice_and_a_changed_state_do_nothing(guild):
    guild.edit("text_channel", name="ours")
    drift = guild.look()
    guild.do(drift, "keep")
    assert "decided already" in guild.choose(drift, "keep").refused[0]

    guild.edit("text_channel", name="theirs")
    shown = guild.look()
    guild.edit("text_channel", name="other")
    look_again()
    decided = guild.choose(shown, "keep")
    assert (decided.done, "has changed meanwhile" in decided.refused[0]) == (0, True)
    assert ActivityEntry.objects.filter(kind="drift_decided").count() == 1


def test_an_object_that_came_back_meanwhile_is_not_forgotten(guild):
    guild.delete("text_channel")
    drift = guild.look()
    DiscordObject.objects.filter(key=guild.key("text_channel")).update(gone_at=None)
    assert "exists again" in guild.choose(drift, "forget").refused[0]
    assert DiscordObject.objects.filter(key=guild.key("text_channel")).exists()


@pytest.mark.matrix
def test_since_stays_while_the_difference_stays(guild):
    guild.edit("text_channel", name="ours")
    since = guild.look().since
    assert guild.look().since == since
