"""Removing what ended groups have left in Discord: all that is approved, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from django.test import Client

from cohorts import clock
from cohorts.models import Group, Membership, User
from cohorts.reconcile.models import GroupSync, SyncRun
from cohorts.services.groups import end_group
from cohorts.signals import announce, groups_reopened
from discordsync.models import DiscordObject, RemovalApproval
from discordsync.observe.recover import find_unknown
from discordsync.state import keys
from discordsync.state.facts import DiscordSnapshot
from discordsync.state.observed import TEXT, ObservedChannel, ObservedGuild
from tests.discordsync.guild_state import look_again, outside_id
from tests.support.cohort import join, make_cohort, realize, work
from tests.support.spread import thin
from tests.support.workers import bury, finish, start

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("only_discord", "no_waiting"),
]
LIST = "/admin/discordsync/discordobject/removals/"
DELETIONS = 8  # two groups with three objects each, the cohort's channel and its category


@pytest.fixture
def made(sandbox, set_clock, build_once):
    """A cohort of two groups that was realized, and ended 31 days ago."""

    def build():
        made = make_cohort(groups=2, members=2)
        join(sandbox, made.people)
        realize(made)
        work("discord")
        for group in made.groups:
            end_group(group.pk, status=Group.Status.COMPLETED, now=clock.now())
        work("discord")
        pass_days(sandbox, set_clock, 31)
        return made

    return build_once("two groups that ended a month ago on Discord", build)


def pass_days(sandbox, set_clock, days):
    later = clock.now() + timedelta(days=days)
    set_clock(later)
    sandbox.set_clock(later)
    work("discord")


@pytest.fixture
def staff(db):
    staff = Client()
    staff.force_login(User.objects.create_superuser("root@example.org", name="Root"))
    return staff


def review(staff, made):
    """Ask for the review and return its address, once a worker has answered."""
    answer = staff.post(LIST, {"cohort": made.cohort.pk})
    assert answer.status_code == 302
    work("discord")
    return answer["Location"]


def read_form(staff, address):
    """Return the page's choices as a browser would send them unchanged."""
    page = staff.get(address).content.decode()
    chosen = re.findall(r'name="(object-[^"]+)" value="(\w+)" checked', page)
    return page, dict(chosen)


def approve_all(staff, made):
    address = review(staff, made)
    _, form = read_form(staff, address)
    staff.post(address, form)


def reopen(made):
    Membership.objects.update(status=Membership.Status.ACTIVE, left_at=None)
    for group in Group.objects.all():
        group.status, group.ended_at = Group.Status.ACTIVE, None
        group.save()
    announce([group.pk for group in made.groups], groups_reopened)


def names(sandbox):
    """Return the names of all channels and roles in the server."""
    guild = sandbox.get("state")["discord"]
    found = [*guild["channels"].values(), *guild["roles"].values()]
    return sorted(one["name"] for one in found)


def deletions(sandbox):
    """Return the paths of the channels and roles that were deleted, in order."""
    paths = [call["path"] for call in sandbox.writes(method="DELETE")]
    return [path for path in paths if re.search(r"v10/(channels|guilds/\d+/roles)/\d+$", path)]


def write(sandbox, key, text="Hello again"):
    said = {"channel_id": outside_id(key), "content": text}
    sandbox.post("create", {"kind": "message", "fields": said})


def test_everything_that_staff_approved_is_removed_in_order_and_nothing_else(sandbox, made, staff):
    before = names(sandbox)
    address = review(staff, made)
    page, form = read_form(staff, address)
    assert len(form) == DELETIONS
    assert set(form.values()) == {"remove"}
    assert "Shared by the whole cohort" in page
    assert names(sandbox) == before, "a review changes nothing"

    staff.post(address, form)
    work("discord")

    assert not [name for name in names(sandbox) if name.startswith(("Group", "group", "Spring"))]
    assert "@everyone" in names(sandbox)
    gone = [path.split("/")[-2] for path in deletions(sandbox)]
    assert gone == ["channels"] * 5 + ["roles"] * 2 + ["channels"]
    assert not DiscordObject.objects.exclude(kind="event").exists()
    assert not RemovalApproval.objects.exists()
    assert all(group.removal_began_at for group in Group.objects.all())
    count = len(sandbox.writes())
    look_again()
    assert len(sandbox.writes()) == count, "a second comparison writes nothing"
    assert not GroupSync.objects.filter(provider="discord").exclude(issue="").exists()
    assert "Nothing is due for removal" in staff.get(LIST).content.decode()


@pytest.mark.parametrize("answer", ["keep", pytest.param("remove", marks=pytest.mark.matrix)])
def test_keeping_a_channel_asks_about_its_role(sandbox, made, staff, answer):
    group = made.groups[0]
    address = review(staff, made)
    _, form = read_form(staff, address)
    form[f"object-text_channel:{group.pk}"] = "keep"
    page = staff.post(address, form).content.decode()
    assert f"{group.name} (Spring" in page
    assert made.groups[1].name not in page
    assert not RemovalApproval.objects.exists(), "nothing is decided yet"

    hidden = dict(re.findall(r'type="hidden" name="(object-[^"]+)" value="(\w+)"', page))
    assert hidden == form
    staff.post(address, {**hidden, "roles": answer})
    work("discord")
    left = {one.kind for one in DiscordObject.objects.filter(group=group).exclude(kind="event")}
    assert left == {"text_channel", *(["role"] if answer == "keep" else [])}
    assert (f"{group.name} (Spring" in " ".join(names(sandbox))) is (answer == "keep")


@pytest.mark.matrix
def test_a_channel_with_a_newer_message_stays_and_so_does_its_category(sandbox, made, staff):
    group = made.groups[0]
    address = review(staff, made)
    _, form = read_form(staff, address)
    write(sandbox, f"text_channel:{group.pk}")
    staff.post(address, form)
    work("discord")

    left = set(DiscordObject.objects.exclude(kind="event").values_list("key", flat=True))
    assert left == {f"text_channel:{group.pk}", f"category:{made.cohort.pk}:1"}
    # Approved again, with the message that staff have now seen, it goes.
    approve_all(staff, made)
    work("discord")
    assert not DiscordObject.objects.exclude(kind="event").exists()


def test_a_message_that_comes_between_reading_and_deleting_saves_the_channel(sandbox, made, staff):
    group = made.groups[0]
    approve_all(staff, made)
    path = f"/channels/{outside_id(f'text_channel:{group.pk}')}$"
    sandbox.set_faults({"kind": "hold", "method": "GET", "path": path, "nth": 1})
    with_worker = start("discord")
    sandbox.wait_for_call(held=True)
    write(sandbox, f"text_channel:{group.pk}")
    sandbox.set_faults()
    finish(with_worker)
    assert outside_id(f"text_channel:{group.pk}") in sandbox.get("state")["discord"]["channels"]


@pytest.mark.matrix
def test_a_removal_that_a_newer_message_stops_does_not_stop_the_group_from_being_reopened(
    sandbox, made, staff
):
    key = f"text_channel:{made.groups[0].pk}"
    address = review(staff, made)
    _, form = read_form(staff, address)
    only = dict.fromkeys(form, "keep") | {f"object-{key}": "remove"}
    staff.post(address, only)
    assert RemovalApproval.objects.count() == 1
    path = f"/channels/{outside_id(key)}$"
    sandbox.set_faults({"kind": "hold", "method": "GET", "path": path, "nth": 1})
    with_worker = start("discord")
    sandbox.wait_for_call(held=True)
    assert Group.objects.get(pk=made.groups[0].pk).removal_began_at, "committed before the call"
    write(sandbox, key)
    sandbox.set_faults()
    finish(with_worker)
    assert deletions(sandbox) == []
    assert not Group.objects.filter(removal_began_at__isnull=False).exists()


def test_what_staff_keep_is_left_alone_from_then_on(sandbox, made, staff):
    group = made.groups[0]
    kept = outside_id(f"text_channel:{group.pk}")
    address = review(staff, made)
    _, form = read_form(staff, address)
    form[f"object-text_channel:{group.pk}"] = "keep"
    form[f"object-category:{made.cohort.pk}:1"] = "keep"
    staff.post(address, {**form, "roles": "remove"})
    work("discord")

    channels = sandbox.get("state")["discord"]["channels"]
    assert kept in channels
    assert len(deletions(sandbox)) == DELETIONS - 2
    assert DiscordObject.objects.filter(released_at__isnull=False).count() == 2
    sandbox.post("edit", {"kind": "channel", "id": kept, "fields": {"name": "memories"}})
    count = len(sandbox.writes())
    look_again()
    assert len(sandbox.writes()) == count
    assert not GroupSync.objects.filter(provider="discord").exclude(issue="").exists(), "no orphan"
    assert "Nothing is due for removal" in staff.get(LIST).content.decode()


@pytest.mark.matrix
def test_a_reopened_group_gets_back_what_staff_had_kept(sandbox, made, staff):
    before = names(sandbox)
    address = review(staff, made)
    _, form = read_form(staff, address)
    staff.post(address, {**dict.fromkeys(form, "keep"), "roles": "keep"})
    work("discord")
    assert DiscordObject.objects.filter(released_at__isnull=False).count() == DELETIONS

    reopen(made)
    work("discord")
    assert names(sandbox) == before, "no second channel or role beside a kept one"
    assert not DiscordObject.objects.filter(released_at__isnull=False).exists()
    assert not list(GroupSync.objects.exclude(issue="").values_list("issue", "issue_detail"))


def test_a_category_with_a_channel_of_someone_else_stays(sandbox, made, staff):
    parent = outside_id(f"category:{made.cohort.pk}:1")
    fields = {"name": "staff-notes", "type": 0, "parent_id": parent}
    sandbox.post("create", {"kind": "channel", "fields": fields})
    approve_all(staff, made)
    work("discord")
    assert names(sandbox).count("staff-notes") == 1
    assert [row.kind for row in DiscordObject.objects.exclude(kind="event")] == ["category"]


def test_a_cohort_that_has_nothing_to_remove_asks_no_worker(staff):
    answer = staff.post(LIST, {"cohort": "999"}, follow=True)
    assert "Nothing of this cohort is due for removal" in answer.content.decode()
    assert not SyncRun.objects.exists()


@pytest.mark.matrix
def test_what_was_imported_is_kept_unless_staff_say_otherwise(sandbox, made, staff):
    group = made.groups[0]
    DiscordObject.objects.filter(key=f"voice_channel:{group.pk}").update(
        name_sent="", imported=True
    )
    page, form = read_form(staff, review(staff, made))
    assert form[f"object-voice_channel:{group.pk}"] == "keep"
    assert page.count("not created by Lens") == 1


def test_an_approval_is_void_after_a_day_and_for_another_object(sandbox, set_clock, made, staff):
    address = review(staff, made)
    _, form = read_form(staff, address)
    GroupSync.objects.update(generation=1, observed_generation=1)
    staff.post(address, form)
    RemovalApproval.objects.filter(target__kind="role").update(outside_id=1)
    RemovalApproval.objects.exclude(target__kind="role").update(
        approved_at=clock.now() - timedelta(hours=25)
    )
    work("discord")
    assert deletions(sandbox) == []


def test_a_group_that_members_can_still_read_or_that_lives_is_not_offered(
    sandbox, set_clock, staff
):
    made = make_cohort(groups=2, members=2)
    join(sandbox, made.people)
    realize(made)
    work("discord")
    end_group(made.groups[0].pk, status=Group.Status.COMPLETED, now=clock.now())
    pass_days(sandbox, set_clock, 29)
    assert "Nothing is due for removal" in staff.get(LIST).content.decode()
    pass_days(sandbox, set_clock, 2)
    page, form = read_form(staff, review(staff, made))
    assert len(form) == 3, "only the ended group's own objects"
    assert made.groups[1].name not in page


def test_a_reopened_group_keeps_what_was_approved(sandbox, made, staff):
    approve_all(staff, made)
    Group.objects.update(status=Group.Status.ACTIVE, ended_at=None)
    work("discord")
    assert deletions(sandbox) == []


def test_a_channel_of_a_reopened_group_that_is_deleted_by_hand_is_reported_as_missing(
    sandbox, made, staff
):
    group = made.groups[0]
    approve_all(staff, made)
    reopen(made)
    sandbox.post("delete", {"kind": "channel", "id": outside_id(f"text_channel:{group.pk}")})
    look_again()
    assert GroupSync.objects.get(group=group, provider="discord").issue == "missing"


@pytest.mark.parametrize("choice", ["remove", "keep"])
def test_a_review_from_before_a_group_was_reopened_decides_nothing(sandbox, made, staff, choice):
    address = review(staff, made)
    _, form = read_form(staff, address)
    reopen(made)
    page = staff.post(address, dict.fromkeys(form, choice), follow=True).content.decode()
    assert "Nothing was changed" in page
    assert not RemovalApproval.objects.exists()
    assert not DiscordObject.objects.filter(released_at__isnull=False).exists()


@pytest.mark.parametrize("n", thin(range(1, DELETIONS + 1), every=1, always=[4]))
def test_a_worker_killed_after_a_deletion_leaves_nothing_behind(sandbox, made, staff, n):
    approve_all(staff, made)
    sandbox.set_faults({"kind": "hold_after", "method": "DELETE", "nth": n})
    process = start("discord")
    sandbox.wait_for_call(held=True)
    assert bury(process) == 1
    sandbox.set_faults()
    finish(start("discord"))
    assert len(set(deletions(sandbox))) == DELETIONS
    assert not [name for name in names(sandbox) if name.startswith(("Group", "group", "Spring"))]
    assert not DiscordObject.objects.exclude(kind="event").exists()


@pytest.mark.parametrize("n", thin(range(1, DELETIONS + 1), every=1, always=[2]))
def test_an_answer_that_is_lost_deletes_nothing_else(sandbox, made, staff, n):
    approve_all(staff, made)
    sandbox.set_faults({"kind": "drop_after", "method": "DELETE", "nth": n})
    finish(start("discord"))
    sandbox.set_faults()
    finish(start("discord"))
    assert not DiscordObject.objects.exclude(kind="event").exists()
    assert names(sandbox).count("@everyone") == 1
    assert not RemovalApproval.objects.exists()


def test_only_staff_with_the_right_may_approve(sandbox, made):
    staff = Client()
    person = User.objects.create_user("viewer@example.org", name="Viewer", is_staff=True)
    staff.force_login(person)
    assert staff.get(LIST).status_code == 403
    assert staff.post(LIST, {"cohort": made.cohort.pk}).status_code == 403


@pytest.mark.matrix
def test_what_was_removed_by_hand_can_be_crossed_off(sandbox, made, staff):
    group = made.groups[0]
    voice = outside_id(f"voice_channel:{group.pk}")
    sandbox.post("delete", {"kind": "channel", "id": voice})
    page, form = read_form(staff, review(staff, made))
    assert "it may be gone already" in page
    key = f"voice_channel:{group.pk}"
    staff.post(review(staff, made), {f"object-{key}": form[f"object-{key}"]})
    work("discord")
    assert not DiscordObject.objects.filter(key=key).exists()
    assert deletions(sandbox) == []


def test_a_full_server_says_what_is_due_for_removal(sandbox, made, staff):
    roles = [{"kind": "role", "fields": {"name": f"role {n}"}} for n in range(246)]
    for role in roles:
        sandbox.post("create", role)
    other = make_cohort(groups=2, members=1, name="Summer", called="Team")
    realize(other)
    work("discord")
    detail = GroupSync.objects.get(group=other.groups[0], provider="discord").issue_detail
    assert detail.endswith("2 would be added. Review 2 that are due for removal")


def test_the_mark_of_a_kept_channel_is_looked_up_no_more():
    key = keys.text_channel(7)
    heron = ObservedChannel(5, TEXT, "heron", None, keys.make_mark("local", key), {})
    guild = ObservedGuild(1, 2, channels={heron.id: heron})
    kept = DiscordSnapshot("local", False, timedelta(), released=frozenset({heron.id}))
    assert find_unknown(kept, guild) == frozenset()
    assert find_unknown(replace(kept, released=frozenset()), guild) == {key}
