"""Beginning with existing objects: an old server, an old database, a copy.

Nothing is made twice, no one loses access without approval, and no one is notified again.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from cohorts import clock
from cohorts.models import Group, Installation, Membership, User
from cohorts.outbox.models import Message
from cohorts.reconcile import ownership
from cohorts.reconcile.models import GroupSync, ProviderState
from cohorts.reconcile.services import approve_removals
from cohorts.services.installation import break_seal, seal
from discordsync.models import DiscordObject
from discordsync.services import record_existing
from tests.discordsync.guild_state import (
    detail,
    holders_of,
    look_again,
    made_since,
    mirror_trouble,
    trouble,
)
from tests.support.cohort import add_member, join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]

MEMBERS = 8
VIEW = 1 << 10


# -- a server in mid-term, whose objects staff record ----------------------------------------------


def create(sandbox, kind, **fields):
    return int(sandbox.post("create", {"kind": kind, "fields": fields})["id"])


def hidden(sandbox, role):
    """From everyone but the role and the bot, as someone may have set it up by hand."""
    state = sandbox.get("state")["discord"]
    return [
        {"id": state["guild"]["id"], "type": 0, "allow": "0", "deny": str(VIEW)},
        {"id": str(role), "type": 0, "allow": str(VIEW), "deny": "0"},
        {"id": state["bot_id"], "type": 1, "allow": str(VIEW | 1 << 4 | 1 << 20), "deny": "0"},
    ]


def old_server(sandbox, *, groups):
    """Groups of 8 that have met for weeks, with channels and roles made by hand and named by
    others; staff have brought in the roster and recorded the ids."""
    start = (clock.now() - timedelta(weeks=4)).date()
    made = make_cohort(groups=groups, members=MEMBERS, meetings=8, start_date=start)
    join(sandbox, made.people)
    categories = [create(sandbox, "channel", name=f"Spring {n}", type=4) for n in (1, 2)]
    lounge = create(sandbox, "channel", name="lounge", type=0, parent_id=str(categories[0]))
    for ordinal, pk in enumerate(categories, start=1):
        record_existing("category", cohort=made.cohort, group=None, outside_id=pk, ordinal=ordinal)
    record_existing("cohort_channel", cohort=made.cohort, group=None, outside_id=lounge)
    for number, group in enumerate(made.groups):
        build_by_hand(sandbox, made, group, str(categories[number // 24]), number)
    return made


def build_by_hand(sandbox, made, group, category, number):
    ids = {"role": create(sandbox, "role", name=f"G{number}", permissions="0")}
    for kind, form in (("text_channel", 0), ("voice_channel", 2)):
        ids[kind] = create(
            sandbox,
            "channel",
            name=f"g-{number}-{form}",
            type=form,
            parent_id=category,
            permission_overwrites=hidden(sandbox, ids["role"]),
        )
    for person in made.people[number * MEMBERS : (number + 1) * MEMBERS]:
        sandbox.post("grant", {"member": str(person.discord_id), "role": str(ids["role"])})
    for kind, pk in ids.items():
        record_existing(kind, cohort=made.cohort, group=group, outside_id=pk)


@pytest.mark.parametrize("groups", [2, pytest.param(40, marks=pytest.mark.matrix)])
def test_a_cohort_in_mid_term_is_imported_as_it_is(sandbox, groups):
    made = old_server(sandbox, groups=groups)
    before = describe_guild(sandbox.get("state"))
    seen = sandbox.last
    realize(made)
    work("discord")

    assert {group.status for group in made.refresh().groups} == {"active"}
    written = made_since(sandbox, seen)
    assert set(written) == {"PUT permissions", "POST scheduled-events"}
    assert written["POST scheduled-events"] == 2 * groups
    after = describe_guild(sandbox.get("state"))
    assert after["access"] == before["access"]
    assert after["roles"] == before["roles"]
    assert [channel[:3] for channel in after["channels"]] == [c[:3] for c in before["channels"]]
    assert after["messages"] == []
    assert not Message.objects.filter(kind="welcome").exists()

    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in made.groups} == {""}


def test_objects_with_another_installations_marks_are_taken_over_by_id(sandbox):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    before = describe_guild(sandbox.get("state"))
    rows = list(DiscordObject.objects.exclude(kind="event").select_related("cohort", "group"))
    Installation.objects.update(installation_id="another")
    delete_all()
    for row in rows:
        record_existing(row.kind, cohort=row.cohort, group=row.group, outside_id=row.outside_id)
    seen = sandbox.last
    realize(made)
    work("discord")

    assert set(made_since(sandbox, seen)) == {"POST scheduled-events"}
    after = describe_guild(sandbox.get("state"))
    assert {**after, "events": []} == {**before, "events": []}
    assert {group.status for group in made.refresh().groups} == {"active"}


def delete_all():
    """Leave the database as if it had never made anything."""
    DiscordObject.objects.all().delete()
    GroupSync.objects.update(realize_requested_at=None, ready_at=None, issue="")
    ProviderState.objects.all().delete()
    Group.objects.update(status="preview", set_up_at=None, activated_at=None)


def test_no_one_is_taken_out_of_an_old_server_without_approval(sandbox):
    made = old_server(sandbox, groups=4)
    mistaken = Membership.objects.filter(group__in=made.groups[:2])  # the roster lacks half of it
    lost = set(mistaken.values_list("user__discord_id", flat=True))
    mistaken.delete()
    realize(made)
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen)["DELETE roles"] == 0
    held = [group for group in made.groups if trouble(group) == "removals_held"]
    assert held == made.groups[:2]

    group, staff = made.groups[0], User.objects.create_superuser("staff@example.org")
    named = sorted(lost & holders_of(sandbox, f"role:{group.pk}"))[:3]
    approve_removals(group.pk, "discord", map(str, named), by=staff, now=clock.now())
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen) == {"DELETE roles": 3}
    assert not holders_of(sandbox, f"role:{group.pk}") & set(named)
    assert len(holders_of(sandbox, f"role:{group.pk}")) == MEMBERS - 3
    assert GroupSync.objects.get(group=group, provider="discord").removals_approved is None
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert trouble(group) == "removals_held"


# -- a database of yesterday against today's guild -------------------------------------------------


@pytest.fixture
def made(sandbox, build_once):
    def build():
        made = make_cohort(groups=3, members=3)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        return made

    return build_once("three groups of three on Discord", build)


def restore_from_before(groups, *, cohort_too=False):
    """What a backup holds that was taken before these groups were realized."""
    lost = DiscordObject.objects.filter(group__in=groups)
    ids = dict(lost.values_list("key", "outside_id"))
    lost.delete()
    if cohort_too:
        shared = DiscordObject.objects.filter(group=None)
        ids |= dict(shared.values_list("key", "outside_id"))
        shared.delete()
    Group.objects.filter(pk__in=[g.pk for g in groups]).update(
        status="preview", set_up_at=None, activated_at=None
    )
    rows = GroupSync.objects.filter(group__in=groups)
    rows.update(ready_at=None, realize_requested_at=None)
    Message.objects.filter(group__in=groups).delete()
    break_seal()
    return ids


@pytest.mark.parametrize("whole_cohort", [False, True])
def test_a_restored_database_only_looks_until_staff_say_go_on(sandbox, made, whole_cohort):
    before = describe_guild(sandbox.get("state"))
    lost = made.groups if whole_cohort else made.groups[2:]
    ids = restore_from_before(lost, cohort_too=whole_cohort)
    sandbox.post("delete", {"kind": "message", "id": first_message(sandbox)})
    late = add_member(made.groups[0])
    sandbox.post("join", {"id": str(late.discord_id), "username": "late"})
    seen = sandbox.last
    realize(made)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in lost} == {"restored"}
    assert "“group-3”" in orphans_of_mirror()

    ownership.accept_as_original()
    work("discord")

    assert dict(DiscordObject.objects.values_list("key", "outside_id")).items() >= ids.items()
    # The late member's role and, once the cohort is complete, the group's word about them.
    told = {} if whole_cohort else {"POST messages": 1}
    assert made_since(sandbox, seen) == {"PUT roles": 1, **told}
    after = describe_guild(sandbox.get("state"))
    assert after["channels"] == before["channels"]
    # One was deleted, and no one is welcomed twice.
    assert len(after["messages"]) == len(before["messages"]) - 1 + len(told)
    assert mirror_trouble() == ""
    assert {group.status for group in made.refresh().groups} == {"active"}

    look_again()  # announces the newcomer to the late member's group, if that is still to do
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []


def first_message(sandbox):
    messages = sandbox.get("state")["discord"]["messages"]
    return next(pk for history in messages.values() for pk in history)


def orphans_of_mirror():
    return ProviderState.objects.get(provider="discord").orphans


def test_the_approval_is_used_once(sandbox, made):
    restore_from_before(made.groups[2:])
    look_again()
    ownership.accept_as_original()
    work("discord")
    restore_from_before(made.groups[1:])
    seal(clock.now())
    seen = sandbox.last
    look_again()

    assert sandbox.writes(since=seen) == []
    assert {trouble(group) for group in made.groups[1:]} == {"orphaned"}


def clone(sandbox, key):
    """As staff clear a channel: they clone it, which copies topic and permissions, and delete the
    original.  Returns the clone's id."""
    original = DiscordObject.objects.get(key=key).outside_id
    held = sandbox.get("state")["discord"]["channels"][str(original)]
    made = create(
        sandbox,
        "channel",
        name=held["name"],
        type=0,
        parent_id=held["parent_id"],
        topic=held["topic"],
        permission_overwrites=[
            {"id": pk, **{n: o[n] if n == "type" else str(o[n]) for n in o}}
            for pk, o in held["overwrites"].items()
        ],
    )
    sandbox.post("delete", {"kind": "channel", "id": str(original)})
    return made


def test_b1_a_cloned_channel_holds_up_its_own_group_alone_and_is_taken_over(sandbox, made):
    first, _, third = made.groups
    fresh = clone(sandbox, f"text_channel:{first.pk}")
    leavers = [made.people[2], made.people[5]]  # of the first group and of the second
    Membership.objects.filter(user__in=leavers).update(status="removed", left_at=clock.now())
    late = [add_member(first), add_member(third)]
    join(sandbox, [*made.people, *late])
    seen = sandbox.last
    look_again()

    # Two posts: who left the second group, and who joined the third.
    assert made_since(sandbox, seen) == {"DELETE roles": 2, "PUT roles": 1, "POST messages": 2}
    assert [trouble(group) for group in made.groups] == ["orphaned", "", ""]
    assert "“group-1”" in detail(first)
    assert late[1].discord_id in holders_of(sandbox, f"role:{third.pk}")
    assert late[0].discord_id not in holders_of(sandbox, f"role:{first.pk}")
    question = ownership.find_question()
    assert question.orphaned
    assert not question.stops_all
    assert not Message.objects.filter(state="unsure").exists()

    ownership.accept_as_original()
    work("discord")
    assert DiscordObject.objects.get(key=f"text_channel:{first.pk}").outside_id == fresh
    assert late[0].discord_id in holders_of(sandbox, f"role:{first.pk}")
    assert made_since(sandbox, seen)["POST channels"] == 0
    assert {trouble(group) for group in made.groups} == {""}
    assert not ownership.find_question()


def test_b1_cloned_channels_of_a_whole_cohort_hold_up_no_other_cohort(sandbox, made):
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    realize(other)
    work("discord")
    for key in [f"cohort_channel:{made.cohort.pk}", *(f"text_channel:{pk}" for pk in made.ids)]:
        clone(sandbox, key)  # however many
    late = [add_member(made.groups[0]), add_member(other.groups[0])]
    join(sandbox, [*made.people, *other.people, *late])
    look_again()

    assert {trouble(group) for group in made.groups} == {"orphaned"}
    assert trouble(other.groups[0]) == ""
    assert late[1].discord_id in holders_of(sandbox, f"role:{other.groups[0].pk}")
    ownership.accept_as_original()
    work("discord")
    assert {trouble(group) for group in made.groups} == {""}
    assert late[0].discord_id in holders_of(sandbox, f"role:{made.groups[0].pk}")


def test_b1_many_orphans_stop_everything(sandbox, made):
    restore_from_before(made.groups, cohort_too=True)
    seal(clock.now())  # as if nothing showed that this database is older
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    seen = sandbox.last
    realize(other)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert mirror_trouble() == "many_orphans"
    assert trouble(other.groups[0]) == "many_orphans"
    assert ownership.find_question().stops_all


def test_b5_two_cohorts_in_one_category_are_taken_over_as_far_as_it_goes(sandbox, made):
    other = make_cohort(groups=1, name="Autumn", called="Other")
    join(sandbox, [*made.people, *other.people])
    realize(other)
    work("discord")
    shared = DiscordObject.objects.get(key=f"category:{made.cohort.pk}:1").outside_id
    for row in DiscordObject.objects.filter(cohort=other.cohort, kind__endswith="_channel"):
        edit = {"kind": "channel", "id": str(row.outside_id), "fields": {"parent_id": str(shared)}}
        sandbox.post("edit", edit)
    restore_from_before([*made.groups, *other.groups], cohort_too=True)
    look_again()
    ownership.accept_as_original()
    seen = sandbox.last
    work("discord")

    assert made_since(sandbox, seen)["POST channels"] == 0
    ((key, why),) = ProviderState.objects.get(provider="discord").not_adopted
    assert key == f"category:{other.cohort.pk}:1"
    assert why.endswith(f"it is already recorded for {made.cohort}.")
    assert {group.status for group in made.refresh().groups} == {"active"}
    assert not ownership.find_question()
    texts = DiscordObject.objects.filter(kind="text_channel")
    assert texts.count() == 4


# -- a copy of production pointed at the same guild ------------------------------------------------


@pytest.fixture
def copy(made, settings):
    """The same database, started elsewhere under another name; facts have moved on there."""
    settings.INSTALLATION_ID = "staging"
    Membership.objects.filter(user=made.people[1]).update(status="removed", left_at=clock.now())
    Group.objects.filter(pk=made.groups[1].pk).update(name="Renamed in the copy")
    return made


def test_a_copy_only_reads_until_staff_have_spoken(sandbox, copy):
    seen = sandbox.last
    realize(copy)
    look_again()

    assert sandbox.writes(since=seen) == []
    assert sandbox.calls(since=seen, service="discord") != []
    assert trouble(copy.groups[0]) == "other_installation"
    assert ownership.find_question()


def test_a_copy_leaves_everything_of_the_original_alone(sandbox, copy):
    before = sandbox.get("state")["discord"]
    look_again()
    seen = sandbox.last
    ownership.accept_as_copy()
    look_again()

    assert sandbox.writes(since=seen) == []
    assert not DiscordObject.objects.exists()
    assert not ownership.find_question()
    assert trouble(copy.groups[0]) == "needs_infrastructure"

    realize(copy)  # and what it makes then is its own
    work("discord")
    after = sandbox.get("state")["discord"]
    for kind in ("channels", "events", "messages"):
        assert {pk: after[kind][pk] for pk in before[kind]} == before[kind]
    for pk, role in before["roles"].items():
        assert {**after["roles"][pk], "position": 0} == {**role, "position": 0}
    for pk, member in before["members"].items():
        assert set(after["members"][pk]["roles"]) >= set(member["roles"])
    assert len(after["channels"]) == 2 * len(before["channels"])


def test_the_original_under_a_new_name_goes_on(sandbox, copy):
    look_again()
    seen = sandbox.last
    ownership.accept_as_original()
    work("discord")

    assert made_since(sandbox, seen) == {
        "DELETE roles": 1,
        "PATCH roles": 1,
        "PATCH channels": 2,
        "PATCH scheduled-events": 2,
    }
    assert trouble(copy.groups[0]) == ""
