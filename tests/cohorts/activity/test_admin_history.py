"""The admin records the values before and after; “History” of a row shows them."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.db.models import ProtectedError
from django.db.models.signals import pre_delete
from django.test import Client
from django.urls import reverse

from cohorts import clock
from cohorts.activity.recording import record
from cohorts.models import ActivityEntry, Course, Membership, User
from tests.admin.reading import text_of
from tests.support.academy import Academy
from tests.support.second_factor import sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("without_providers")]


@pytest.fixture
def academy() -> Academy:
    return Academy(clock.now().replace(minute=0, second=0, microsecond=0))


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root@example.org", "a long password", name="Root")


@pytest.fixture
def client(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


def history_of(client: Client, row: object, pk: int) -> str:
    return text_of(client.get(reverse(f"admin:cohorts_{row}_history", args=[pk])))


def test_a_changed_course_says_from_what_to_what(client: Client, root: User) -> None:
    client.post(reverse("admin:cohorts_course_add"), {"name": "Safety"})
    course = Course.objects.get()
    client.post(reverse("admin:cohorts_course_change", args=[course.pk]), {"name": "AI safety"})
    changed, added = ActivityEntry.objects.all()
    assert (changed.kind, changed.actor) == ("changed", root.pk)
    assert changed.changes == {"Name": ["Safety", "AI safety"]}
    assert added.changes == {"Name": ["", "Safety"]}
    assert "Name: Safety → AI safety" in history_of(client, "course", course.pk)
    assert not LogEntry.objects.exists()


def test_saving_a_form_without_a_change_records_nothing(client: Client) -> None:
    course = Course.objects.create(name="Safety")
    client.post(reverse("admin:cohorts_course_change", args=[course.pk]), {"name": "Safety"})
    assert not ActivityEntry.objects.exists()


def test_what_is_deleted_keeps_its_name_in_the_activity(client: Client) -> None:
    course = Course.objects.create(name="Safety")
    client.post(reverse("admin:cohorts_course_delete", args=[course.pk]), {"post": "yes"})
    entry = ActivityEntry.objects.get()
    assert (entry.kind, entry.about) == ("deleted", "Safety")
    assert "Deleted: Safety" in text_of(client.get(reverse("admin:activity")))


def test_a_form_that_calls_a_service_is_recorded_once(client: Client, academy: Academy) -> None:
    alice = academy.add_member("Alice", "A")
    membership = Membership.objects.get(user=alice)
    page = reverse("admin:cohorts_membership_change", args=[membership.pk])
    client.post(page, {"role": "facilitator"})
    assert ActivityEntry.objects.get().kind == "role_changed"
    assert "Role: Participant → Facilitator" in history_of(client, "membership", membership.pk)
    assert "Role: Participant → Facilitator" in history_of(client, "user", alice.pk)


def test_a_new_weekly_time_is_recorded_beside_what_follows_from_it(
    client: Client, academy: Academy
) -> None:
    group = academy.groups["A"]
    type(group).objects.filter(pk=group.pk).update(set_up_at=None)
    page = reverse("admin:cohorts_group_change", args=[group.pk])
    form = client.get(page).context["adminform"].form
    said = {name: value for name, value in form.initial.items() if value is not None}
    client.post(page, {**said, "size": 7, "duration_minutes": 90})
    entry = ActivityEntry.objects.get(kind="changed")
    assert entry.changes == {"Size": ["", "7"], "Duration in minutes": ["60", "90"]}


def test_no_password_is_recorded(root: User, academy: Academy) -> None:
    client = sign_in(root, Client())
    alice = academy.add_person("Alice")
    page = reverse("admin:auth_user_password_change", args=[alice.pk])
    secret = "correct horse battery"
    client.post(page, {"usable_password": "true", "password1": secret, "password2": secret})
    entry = ActivityEntry.objects.get()
    assert entry.changes == {"Password": ["", "changed"]}
    assert entry.person == alice.pk


def test_history_names_no_one_to_staff_who_may_not_view_people(academy: Academy) -> None:
    alice = academy.add_member("Alice Unusual", "A")
    eve = User.objects.create_user("eve@example.org", name="Eve", is_staff=True)
    eve.user_permissions.add(
        Permission.objects.get(codename="view_group", content_type__app_label="cohorts")
    )
    group = academy.groups["A"]
    changes = {
        "Group": [group, academy.groups["B"]],
        "Name": ["", "Alice Unusual"],
        "Guests": [[alice], [alice, "Bob Unusual"]],
    }
    record("role_changed", by=alice, person=alice, group=group, changes=changes, reason="Unusual")
    client = Client()
    client.force_login(eve)
    text = history_of(client, "group", academy.groups["A"].pk)
    assert "Role changed" in text
    assert "Group: Group A → Group B" in text
    assert "Unusual" not in text


def test_a_deleted_person_is_named_by_no_entry(client: Client) -> None:
    eve = User.objects.create_user("eve@example.org", name="Eve")
    record("changed", person=eve, changes={"Name": ["Eve Unusual", "Eve"]}, reason="Eve married")
    record("roster_imported", people=[eve], changes={"Name": ["", "Eve Unusual"]})
    client.post(reverse("admin:cohorts_user_delete", args=[eve.pk]), {"post": "yes"})
    assert not User.objects.filter(pk=eve.pk).exists()
    entries = ActivityEntry.objects.values_list("kind", "person", "changes", "reason")
    assert set(entries.values_list("kind", flat=True)) == {"deleted", "changed", "roster_imported"}
    assert all((changes, reason) == ({}, "") for _, _, changes, reason in entries)


def test_a_bulk_deletion_that_fails_is_not_recorded(client: Client) -> None:
    course = Course.objects.create(name="Safety")

    def protect(**_said: object) -> None:
        raise ProtectedError("A cohort was added meanwhile.", {course})

    pre_delete.connect(protect, sender=Course)
    try:
        with pytest.raises(ProtectedError):
            delete_courses(client, course)
    finally:
        pre_delete.disconnect(protect, sender=Course)
    assert (Course.objects.count(), ActivityEntry.objects.count()) == (1, 0)
    delete_courses(client, course)
    assert (Course.objects.count(), ActivityEntry.objects.count()) == (0, 1)


def delete_courses(client: Client, course: Course) -> None:
    said = {"action": "delete_selected", "_selected_action": [course.pk], "post": "yes"}
    client.post(reverse("admin:cohorts_course_changelist"), said)
