"""The record of what is ours in Discord: recording what exists, recreating what is gone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from cohorts import clock
from cohorts.models import ActivityEntry
from cohorts.reconcile import services
from cohorts.reconcile.models import GroupSync
from discordsync.models import DiscordObject
from tests.admin.reading import messages_of, text_of
from tests.admin.test_lists import break_role, stand
from tests.support.cohort import join, make_cohort, realize, work

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("only_discord", "sandbox", "a_worker"),
]

LIST = "/admin/discordsync/discordobject/"
ID = 300000000000000001


def record(staff, **fields):
    return staff.post(f"{LIST}add/", {"ordinal": 1, "group": "", **fields}, follow=True)


def upload(staff, text):
    data = text if isinstance(text, bytes) else text.encode()
    file = SimpleUploadedFile("ids.csv", data)
    return staff.post(f"{LIST}import/", {"file": file, "confirmed": "yes"}, follow=True)


def forget_records(made):
    """As if the cohort's channels had existed before Lens did; their ids by key."""
    ids = dict(DiscordObject.objects.values_list("key", "outside_id"))
    DiscordObject.objects.all().delete()
    GroupSync.objects.update(ready_at=None)
    return {key: outside_id for key, outside_id in ids.items() if not key.startswith("event")}


# -- one by one ------------------------------------------------------------------------------------


def test_an_existing_role_is_recorded_and_the_group_is_compared(staff):
    made = make_cohort(groups=1)
    before = GroupSync.objects.get(group=made.ids[0], provider="discord").generation

    record(staff, kind="role", cohort=made.cohort.pk, group=made.ids[0], outside_id=ID)

    row = DiscordObject.objects.get()
    assert (row.key, row.outside_id, row.imported) == (f"role:{made.ids[0]}", ID, True)
    assert GroupSync.objects.get(group=made.ids[0], provider="discord").generation == before + 1


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"kind": "role"}, "A role belongs to a group. Choose the group."),
        ({"kind": "role", "group": "other"}, "does not belong to Spring."),
        ({"kind": "category", "group": "own"}, "A category belongs to the whole cohort."),
        ({"kind": "role", "group": "own", "outside_id": "42"}, "42 is not a Discord ID"),
        ({"kind": "event"}, "Select a valid choice."),
    ],
)
def test_what_does_not_fit_is_reported_and_nothing_is_recorded(staff, fields, told):
    made, other = make_cohort(groups=1), make_cohort(groups=1, name="Autumn")
    groups = {"own": made.ids[0], "other": other.ids[0], "": ""}
    group = groups[fields.get("group", "")]
    answer = record(staff, **{"cohort": made.cohort.pk, "outside_id": ID, **fields, "group": group})
    assert told in text_of(answer)
    assert not DiscordObject.objects.exists()


def test_an_id_is_recorded_once(staff):
    made = make_cohort(groups=2)
    for group_id in made.ids:
        answer = record(staff, kind="role", cohort=made.cohort.pk, group=group_id, outside_id=ID)
    assert "already exists" in text_of(answer)
    assert DiscordObject.objects.count() == 1


def test_a_record_can_be_pointed_at_another_object(staff, sandbox, made):
    row = DiscordObject.objects.get(kind="role")
    fields = {"outside_id": ID}

    staff.post(f"{LIST}{row.pk}/change/", fields)
    unchanged = staff.post(f"{LIST}{row.pk}/change/", fields)

    row.refresh_from_db()
    assert (row.outside_id, row.imported, row.key) == (ID, True, f"role:{made.ids[0]}")
    assert unchanged.status_code == 302


def test_a_record_that_is_saved_without_a_change_stays_ours(staff, sandbox, made):
    for row in DiscordObject.objects.filter(kind__in=["role", "event"]):
        answer = staff.post(f"{LIST}{row.pk}/change/", {"outside_id": row.outside_id})
        assert answer.status_code == 302
    assert not DiscordObject.objects.filter(imported=True).exists()
    assert not ActivityEntry.objects.filter(kind="object_imported").exists()


def test_the_record_of_what_staff_keep_cannot_be_pointed_at_another_object(staff):
    made = make_cohort(groups=1)
    row = DiscordObject.objects.create(
        key=f"kept:role:{made.ids[0]}#{ID}",
        kind="role",
        cohort=made.cohort,
        group=made.groups[0],
        outside_id=ID,
        released_at=clock.now(),
    )
    answer = staff.post(f"{LIST}{row.pk}/change/", {"outside_id": ID + 1})
    row.refresh_from_db()
    assert (answer.status_code, row.outside_id) == (302, ID)
    assert DiscordObject.objects.count() == 1


def test_a_record_cannot_be_deleted_since_its_object_would_be_made_twice(staff, sandbox, made):
    row = DiscordObject.objects.get(kind="role")
    assert staff.post(f"{LIST}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert DiscordObject.objects.filter(pk=row.pk).exists()


# -- from a file -----------------------------------------------------------------------------------


def test_an_existing_cohort_is_imported_from_a_file_and_nothing_is_created(staff, sandbox):
    made = make_cohort(groups=2)
    stand(sandbox, made)
    ids = forget_records(made)
    lines = ["cohort;group;kind;discord_id"]
    for key, outside_id in ids.items():
        kind, number = key.split(":")[:2]
        group = {pk: g.name for pk, g in zip(made.ids, made.groups, strict=True)}.get(int(number))
        of_cohort = kind in {"category", "cohort_channel"}
        lines.append(f"Spring;{'' if of_cohort else group};{kind.replace('_', ' ')};{outside_id}")
    answer = upload(staff, b"\xef\xbb\xbf" + "\r\n".join(lines).encode())
    seen = sandbox.last
    realize(made)
    work("discord")

    assert messages_of(answer)[0].startswith(f"{len(ids)} objects were imported")
    entry = ActivityEntry.objects.get(kind="object_imported")
    assert (entry.cohort, entry.changes) == (made.cohort.pk, {"Objects": ["", str(len(ids))]})
    made_now = {c["path"].rpartition("/")[2] for c in sandbox.writes(since=seen, method="POST")}
    assert made_now <= {"scheduled-events"}
    assert DiscordObject.objects.filter(imported=True).count() == len(ids)


def test_every_bad_line_is_reported_by_its_number_and_then_nothing_is_recorded(staff):
    made = make_cohort(groups=1)
    answer = upload(
        staff,
        "cohort,group,kind,discord_id,number\n"
        f"Spring,Group 1,role,{ID},\n"
        f"Winter,Group 1,role,{ID + 1},\n"
        f"Spring,Group 7,role,{ID + 2},\n"
        f"Spring,Group 1,roll,{ID + 3},\n"
        "Spring,Group 1,text_channel,3.0E+17,\n"
        f"Spring,,voice_channel,{ID + 4},\n"
        f"Spring,,category,{ID + 5},many\n"
        f"{made.cohort.pk},,cohort_channel,{ID},\n",
    )
    shown = text_of(answer)
    for told in (
        "Line 3: There is no cohort with the ID or name “Winter”.",
        "Line 4: Spring has no group “Group 7”.",
        "Line 5: “roll” is not a kind. Use one of category, cohort_channel, role,",
        "Line 6: “3.0E+17” is not a Discord ID",
        "Line 7: A voice channel belongs to a group. Choose the group.",
        "Line 8: “many” is not a category number.",
        f"Line 9: {ID} is already recorded as the role of Group 1.",
    ):
        assert told in shown
    assert not DiscordObject.objects.exists()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("cohort,group,kind\n", "The column discord_id is missing."),
        ("", "The submitted file is empty."),
        ("\n", "The column cohort is missing."),
        (b"\xff\xfea\x00", "The file is not UTF-8."),
        ("cohort,group,kind,discord_id\n" * 2100, "The file has more than 2000 lines."),
        ('cohort,group,kind,discord_id\n"Spring,Group 1,role,1\n', "Line"),
    ],
)
def test_a_file_that_is_no_such_table_is_reported_before_any_line_is_tried(
    staff, data, told, django_assert_max_num_queries
):
    with django_assert_max_num_queries(50):
        assert told in text_of(upload(staff, data))


def test_o13_a_file_that_is_too_large_is_refused_before_it_is_read(staff):
    data = b"cohort,group,kind,discord_id\n" + b"x" * 500_000
    assert "The file is larger than 500 KB." in text_of(upload(staff, data))


# -- what is gone ----------------------------------------------------------------------------------


def test_what_was_deleted_in_discord_is_recreated_after_a_confirmation(staff, sandbox, made):
    break_role(made, sandbox)
    services.request_sync(made.ids)
    work("discord")
    chosen = list(DiscordObject.objects.values_list("pk", flat=True))
    posted = {"action": "recreate", "_selected_action": chosen}
    seen = sandbox.last

    asked = text_of(staff.post(LIST, posted))
    staff.post(LIST, {**posted, "confirmed": "yes"})
    work("discord")

    assert "Group 1 (Spring) (the role of Group 1)" in asked
    roles = [c for c in sandbox.writes(since=seen, method="POST") if c["path"].endswith("/roles")]
    assert len(roles) == 1


def test_what_still_exists_is_not_recreated(staff, sandbox):
    made = make_cohort(groups=1)
    join(sandbox, made.people)
    stand(sandbox, made)
    chosen = list(DiscordObject.objects.values_list("pk", flat=True))
    answer = staff.post(LIST, {"action": "recreate", "_selected_action": chosen}, follow=True)
    assert messages_of(answer) == ["None of these were deleted, so there is nothing to recreate."]


def test_the_pages_can_be_read(staff, sandbox, made):
    row = DiscordObject.objects.filter(kind="event").first()
    for address in (
        LIST,
        f"{LIST}?q={row.outside_id}",
        f"{LIST}{row.pk}/change/",
        f"{LIST}import/",
    ):
        assert staff.get(address).status_code == 200
    assert reverse("admin:discordsync_import") in staff.get(LIST).content.decode()


def test_the_example_in_the_documentation_is_taken(staff):
    make_cohort(groups=1)
    page = Path(__file__).resolve().parents[2] / "docs" / "staff-reference.md"
    example = page.read_text(encoding="utf-8").split("```csv\n")[1].split("```")[0]
    assert messages_of(upload(staff, example))[0].startswith("5 objects were imported")
