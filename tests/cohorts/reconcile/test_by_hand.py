"""Deleted, renamed or edited outside: reported or repaired as the promises say, never doubled."""

from __future__ import annotations

import pytest

from cohorts import clock
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from discordsync.models import DiscordObject
from tests.cohorts.reconcile.cohort import join, make_cohort, realize, work
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


@pytest.fixture
def made(sandbox):
    made = make_cohort(groups=2, members=3)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    return made


def look(sandbox):
    """What an hourly look does; returns what it wrote."""
    seen = sandbox.last
    services.look_at_all("discord")
    work("discord")
    return sandbox.writes(since=seen)


def id_of(kind, group=None):
    rows = DiscordObject.objects.filter(kind=kind)
    return str((rows.get(group=group) if group else rows.get()).outside_id)


def trouble_of(group):
    return GroupSync.objects.get(group=group, mirror="discord").trouble


CHANNELS = ["text_channel", "voice_channel"]


@pytest.mark.parametrize("kind", [*CHANNELS, "role"])
def test_what_was_deleted_is_reported_and_made_anew_only_when_staff_say_so(sandbox, made, kind):
    first, second = made.groups
    stood = describe_guild(sandbox.get("state"))
    gone = "role" if kind == "role" else "channel"
    sandbox.post("delete", {"kind": gone, "id": id_of(kind, first)})

    writes = look(sandbox)

    assert not [call for call in writes if call["method"] == "POST"]
    assert trouble_of(first) == "missing"
    assert trouble_of(second) == ""

    services.make_anew([first.pk], "discord", by=None, now=clock.now())
    work("discord")
    look(sandbox)

    now_standing = describe_guild(sandbox.get("state"))
    for part in ("channels", "roles", "access", "events"):
        assert now_standing[part] == stood[part]
    assert trouble_of(first) == ""


@pytest.mark.parametrize("kind", ["category", "cohort_channel"])
def test_what_all_groups_share_is_reported_by_each_and_made_anew_once(sandbox, made, kind):
    sandbox.post("delete", {"kind": "channel", "id": id_of(kind)})

    look(sandbox)
    assert {trouble_of(group) for group in made.groups} == {"missing"}

    services.make_anew(made.ids, "discord", by=None, now=clock.now())
    work("discord")

    names = [channel[1] for channel in describe_guild(sandbox.get("state"))["channels"]]
    assert len(names) == len(set(names)) == 6
    assert "missing" not in {trouble_of(group) for group in made.groups}


def test_a_deleted_event_of_a_coming_meeting_is_made_again(sandbox, made):
    stood = describe_guild(sandbox.get("state"))["events"]
    first = next(iter(sandbox.get("state")["discord"]["events"]))
    sandbox.post("delete", {"kind": "event", "id": first})

    look(sandbox)

    assert describe_guild(sandbox.get("state"))["events"] == stood
    assert look(sandbox) == []


def test_an_edited_event_is_put_right(sandbox, made):
    stood = describe_guild(sandbox.get("state"))["events"]
    first = next(iter(sandbox.get("state")["discord"]["events"]))
    sandbox.post("edit", {"kind": "event", "id": first, "fields": {"name": "Party"}})

    look(sandbox)

    assert describe_guild(sandbox.get("state"))["events"] == stood


def test_a_rename_is_reported_and_left(sandbox, made):
    first = made.groups[0]
    channel = id_of("text_channel", first)
    sandbox.post("edit", {"kind": "channel", "id": channel, "fields": {"name": "the-cellar"}})

    assert look(sandbox) == []
    assert trouble_of(first) == "renamed"
    assert sandbox.get("state")["discord"]["channels"][channel]["name"] == "the-cellar"


def test_a_door_opened_by_hand_is_shut(sandbox, made):
    stood = describe_guild(sandbox.get("state"))
    channel = id_of("text_channel", made.groups[0])
    guild = sandbox.get("state")["discord"]["guild"]["id"]
    overwrites = sandbox.get("state")["discord"]["channels"][channel]["overwrites"]
    opened = [
        {"id": target, "type": o["type"], "allow": str(o["allow"]), "deny": str(o["deny"])}
        for target, o in overwrites.items()
        if target != guild
    ]
    fields = {"permission_overwrites": opened}
    sandbox.post("edit", {"kind": "channel", "id": channel, "fields": fields})

    look(sandbox)

    assert describe_guild(sandbox.get("state")) == stood


def test_a_role_taken_or_given_by_hand_is_put_right(sandbox, made):
    stood = describe_guild(sandbox.get("state"))["access"]
    first = made.groups[0]
    person, stranger = made.people[1], made.people[4]
    sandbox.post("revoke", {"member": str(person.discord_id), "role": id_of("role", first)})
    sandbox.post("grant", {"member": str(stranger.discord_id), "role": id_of("role", first)})

    look(sandbox)

    assert describe_guild(sandbox.get("state"))["access"] == stood


def test_a_role_that_was_given_permissions_is_bare_again(sandbox, made):
    role = id_of("role", made.groups[0])
    sandbox.post("edit", {"kind": "role", "id": role, "fields": {"permissions": str(1 << 13)}})

    look(sandbox)

    assert sandbox.get("state")["discord"]["roles"][role]["permissions"] == 0


def test_somebody_who_leaves_is_no_failure_and_comes_back_to_their_access(sandbox, made):
    stood = describe_guild(sandbox.get("state"))["access"]
    leaver = made.people[1]
    sandbox.post("leave", {"id": str(leaver.discord_id)})
    assert look(sandbox) == []
    assert trouble_of(made.groups[0]) == ""

    join(sandbox, made.people)
    look(sandbox)

    assert describe_guild(sandbox.get("state"))["access"] == stood


def test_a_channel_hidden_from_the_bot_is_not_taken_for_gone(sandbox, made):
    first = made.groups[0]
    channel = id_of("text_channel", first)
    state = sandbox.get("state")["discord"]
    hidden = [
        {"id": target, "type": o["type"], "allow": str(o["allow"]), "deny": str(o["deny"])}
        for target, o in state["channels"][channel]["overwrites"].items()
        if target != state["bot_id"]
    ]
    fields = {"permission_overwrites": hidden}
    sandbox.post("edit", {"kind": "channel", "id": channel, "fields": fields})

    look(sandbox)
    services.make_anew([first.pk], "discord", by=None, now=clock.now())
    work("discord")

    names = [channel[1] for channel in describe_guild(sandbox.get("state"))["channels"]]
    assert len(names) == len(set(names))
    assert trouble_of(first) not in {"", "missing"}
