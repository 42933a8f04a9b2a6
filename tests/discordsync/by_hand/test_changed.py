"""What someone changes in Discord by hand is reported or repaired, and never doubled."""

from __future__ import annotations

import pytest

from cohorts.reconcile.issues import find_issue
from cohorts.reconcile.models import SyncAction
from cohorts.reconcile.services import request_plan
from discordsync.sandbox.permissions import Bit
from tests.discordsync.by_hand.edits import (
    VIEW,
    check_nothing_more,
    delete,
    edit,
    guild_of,
    overwrites_of,
    set_overwrites,
)
from tests.discordsync.by_hand.test_deleted import press_realize_in_vain, remake
from tests.discordsync.guild_state import (
    detail,
    holders_of,
    look_again,
    made_since,
    outside_id,
    roles_of,
    trouble,
)
from tests.support.cohort import work
from tests.support.spread import in_matrix, thin
from tests.support.worlds import describe_guild

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("only_discord")]


# -- events are leaves: repaired ------------------------------------------------------------------


def first_event(first):
    return f"event:{first.meetings.get(number=1).pk}"


def test_a_deleted_event_comes_back_once(sandbox, first, before):
    delete(sandbox, "event", first_event(first))
    seen = sandbox.last
    look_again()

    assert made_since(sandbox, seen) == {"POST scheduled-events": 1}
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_an_edited_event_is_put_right(sandbox, first, before):
    edit(
        sandbox,
        "event",
        first_event(first),
        name="Party",
        scheduled_start_time="2031-01-01T10:00:00Z",
        scheduled_end_time="2031-01-01T11:00:00Z",
    )
    seen = sandbox.last
    look_again()

    assert made_since(sandbox, seen) == {"PATCH scheduled-events": 1}
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


def test_an_event_in_another_channel_takes_place_in_its_groups_again(sandbox, first):
    fields = {"name": "Elsewhere", "type": 2}
    other = sandbox.post("create", {"kind": "channel", "fields": fields})
    edit(sandbox, "event", first_event(first), channel_id=other["id"])
    look_again()
    event = sandbox.get("state")["discord"]["events"][outside_id(first_event(first))]
    assert event["channel_id"] == outside_id(f"voice_channel:{first.pk}")
    check_nothing_more(sandbox)


# -- renamed and moved: reported ------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", thin(["role", "text_channel", "voice_channel"], every=1, always=["text_channel"])
)
def test_a_new_name_is_reported_and_left_alone(sandbox, made, first, kind):
    edit(sandbox, "role" if kind == "role" else "channel", f"{kind}:{first.pk}", name="by-hand")
    seen = sandbox.last
    look_again()

    assert sandbox.writes(since=seen) == []
    assert trouble(first) == "renamed"
    assert "“by-hand”" in detail(first)
    assert not find_issue("renamed").needs_person
    first.refresh_from_db()
    assert first.status == "active"


@pytest.mark.matrix
def test_a_renamed_category_is_reported_by_one_group(sandbox, made):
    edit(sandbox, "channel", f"category:{made.cohort.pk}:1", name="Attic")
    look_again()
    assert [trouble(group) for group in made.groups] == ["renamed", ""]


@pytest.mark.matrix
def test_a_name_that_is_put_back_is_no_trouble_any_more(sandbox, first):
    edit(sandbox, "channel", f"voice_channel:{first.pk}", name="by-hand")
    look_again()
    edit(sandbox, "channel", f"voice_channel:{first.pk}", name="Group 1 voice")
    look_again()
    assert trouble(first) == ""


@pytest.mark.matrix
def test_something_missing_is_reported_before_a_new_name(sandbox, first):
    edit(sandbox, "role", f"role:{first.pk}", name="by-hand")
    delete(sandbox, "channel", f"voice_channel:{first.pk}")
    look_again()
    assert trouble(first) == "missing"


def test_a_channel_in_another_category_is_reported_and_left_there(sandbox, first):
    attic = sandbox.post("create", {"kind": "channel", "fields": {"name": "Attic", "type": 4}})
    edit(sandbox, "channel", f"text_channel:{first.pk}", parent_id=attic["id"])
    seen = sandbox.last
    look_again()

    assert sandbox.writes(since=seen) == []
    assert trouble(first) == "channel_moved"


@pytest.mark.matrix
def test_a_channel_without_a_category_is_put_back_into_its_own(sandbox, first, before):
    edit(sandbox, "channel", f"text_channel:{first.pk}", parent_id=None)
    seen = sandbox.last
    look_again()

    assert made_since(sandbox, seen) == {"PATCH channels": 1}
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


# -- permissions: repaired ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "kind", ["text_channel", pytest.param("voice_channel", marks=pytest.mark.matrix)]
)
def test_permissions_that_were_changed_are_put_back(sandbox, made, first, before, kind):
    key = f"{kind}:{first.pk}"
    overwrites = overwrites_of(sandbox, key)
    del overwrites[guild_of(sandbox)]  # open to everyone
    overwrites[outside_id(f"role:{first.pk}")]["allow"] |= int(Bit.MANAGE_THREADS)
    del overwrites[str(made.people[0].discord_id)]  # the facilitator's
    set_overwrites(sandbox, key, overwrites)
    seen = sandbox.last
    look_again()

    assert made_since(sandbox, seen) == {"PUT permissions": 3}
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


@pytest.mark.parametrize(
    ("bit", "is_tolerated"),
    [
        (Bit.ATTACH_FILES, True),
        in_matrix(Bit.ADD_REACTIONS, True),
        in_matrix(Bit.CONNECT, False),
        (Bit.MANAGE_MESSAGES, False),
        in_matrix(Bit.MANAGE_WEBHOOKS, False),
    ],
)
def test_c14_bits_that_staff_added_are_tolerated_and_listed_unless_they_manage_or_open(
    sandbox, first, before, bit, is_tolerated
):
    key, role = f"text_channel:{first.pk}", outside_id(f"role:{first.pk}")
    overwrites = overwrites_of(sandbox, key)
    overwrites[role]["allow"] |= int(bit)
    set_overwrites(sandbox, key, overwrites)
    look_again()

    held = overwrites_of(sandbox, key)[role]["allow"]
    assert bool(held & bit) == is_tolerated
    (listed,) = [c for c in read_checks() if c["what"] == "Permissions added by hand"]
    assert ("the role “Group 1 (Spring)” in “group-1”" in listed["detail"]) == is_tolerated
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_c14_what_is_tolerated_stays_when_something_else_is_put_back(sandbox, first):
    key, role = f"text_channel:{first.pk}", outside_id(f"role:{first.pk}")
    overwrites = overwrites_of(sandbox, key)
    given = overwrites[role]["allow"]
    overwrites[role] = {"type": 0, "allow": given & ~VIEW | int(Bit.SPEAK), "deny": 0}
    set_overwrites(sandbox, key, overwrites)
    look_again()

    assert overwrites_of(sandbox, key)[role]["allow"] == given | int(Bit.SPEAK)
    check_nothing_more(sandbox)


def test_c14_facilitators_may_pin_as_soon_as_the_bot_may(sandbox, made, first):
    key, facilitator = f"text_channel:{first.pk}", str(made.people[0].discord_id)
    assert overwrites_of(sandbox, key)[facilitator]["allow"] & Bit.PIN_MESSAGES
    assert not overwrites_of(sandbox, f"voice_channel:{first.pk}")[facilitator]["allow"] & (
        Bit.PIN_MESSAGES
    )


def read_checks():
    (run,) = request_plan([], as_if_requested=False)
    work("discord")
    run.refresh_from_db()
    return run.summary["checks"]


@pytest.mark.matrix
def test_a_category_or_cohort_channel_that_was_opened_is_hidden_again(sandbox, made, before):
    known_people = guild_of(sandbox)
    for key in (f"category:{made.cohort.pk}:1", f"cohort_channel:{made.cohort.pk}"):
        overwrites = overwrites_of(sandbox, key)
        del overwrites[known_people]
        set_overwrites(sandbox, key, overwrites)
    look_again()

    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


def test_a_known_person_who_was_let_in_by_hand_is_taken_out(sandbox, made, first, before):
    overwrites = overwrites_of(sandbox, f"text_channel:{first.pk}")
    outsider = str(made.people[4].discord_id)  # of the other group
    overwrites[outsider] = {"type": 1, "allow": VIEW, "deny": 0}
    set_overwrites(sandbox, f"text_channel:{first.pk}", overwrites)
    look_again()

    assert describe_guild(sandbox.get("state")) == before
    action = SyncAction.objects.filter(verb="remove").get()
    assert made.people[4].name in action.target
    assert action.why == "no recorded reason"


def test_an_unknown_account_that_was_let_in_and_a_denial_are_left_alone(sandbox, made, first):
    overwrites = overwrites_of(sandbox, f"text_channel:{first.pk}")
    overwrites["300000000000000001"] = {"type": 1, "allow": VIEW, "deny": 0}
    overwrites[str(made.people[1].discord_id)] = {"type": 1, "allow": 0, "deny": VIEW}
    set_overwrites(sandbox, f"text_channel:{first.pk}", overwrites)
    check_nothing_more(sandbox)


@pytest.mark.matrix
def test_a_role_that_was_given_permissions_is_bare_again(sandbox, first, before):
    edit(sandbox, "role", f"role:{first.pk}", permissions=str(int(Bit.ADMINISTRATOR)))
    look_again()
    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


# -- people ---------------------------------------------------------------------------------------


def test_a_role_without_a_reason_is_taken_and_listed_by_name(sandbox, first):
    role = outside_id(f"role:{first.pk}")
    sandbox.post("grant", {"member": "300000000000000001", "role": role})
    look_again()

    assert 300000000000000001 not in holders_of(sandbox, f"role:{first.pk}")
    action = SyncAction.objects.get(verb="revoke")
    assert "stranger" in action.target
    assert action.why == "no membership, visit or exception gives access"
    check_nothing_more(sandbox)


def test_a_role_that_was_taken_by_hand_is_given_back(sandbox, made, first):
    person, role = made.people[1], outside_id(f"role:{first.pk}")
    sandbox.post("revoke", {"member": str(person.discord_id), "role": role})
    look_again()
    assert roles_of(sandbox, person) == {role}
    check_nothing_more(sandbox)


@pytest.mark.matrix
@pytest.mark.parametrize("place", [0, 1])  # the facilitator, a participant
def test_a_person_who_leaves_and_comes_back_has_the_same_access(sandbox, made, before, place):
    person = made.people[place]
    sandbox.post("leave", {"id": str(person.discord_id)})
    seen = sandbox.last
    look_again()
    assert sandbox.writes(since=seen) == []
    assert trouble(made.groups[0]) == ""

    sandbox.post("join", {"id": str(person.discord_id), "username": "back"})
    look_again()

    assert describe_guild(sandbox.get("state")) == before
    check_nothing_more(sandbox)


# -- hidden is not gone ---------------------------------------------------------------------------


def test_a_channel_that_the_bot_cannot_see_is_not_taken_for_gone(sandbox, first, before):
    key = f"text_channel:{first.pk}"
    overwrites, known_people = overwrites_of(sandbox, key), guild_of(sandbox)
    hidden = {known_people: {"type": 0, "allow": 0, "deny": VIEW}}
    set_overwrites(sandbox, key, hidden)
    look_again()

    assert trouble(first) == "no_access"
    press_realize_in_vain(sandbox, first)
    assert remake(sandbox, first) == {}
    assert trouble(first) == "no_access"

    set_overwrites(sandbox, key, overwrites)
    look_again()
    assert trouble(first) == ""
    assert describe_guild(sandbox.get("state")) == before
