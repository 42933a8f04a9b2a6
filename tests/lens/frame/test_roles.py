"""The three roles of staff exist after `migrate`, and say what docs/staff-reference.md says."""

from __future__ import annotations

import pytest
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission
from django.core.management.sql import emit_post_migrate_signal

from cohorts.models import User
from lens.frame.roles import MACHINE_TABLES, ROLES, make_roles
from lens.frame.sidebar import operations_tables
from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db


def held(role: str) -> set[str]:
    rows = Group.objects.get(name=role).permissions.select_related("content_type")
    return {f"{row.content_type.app_label}.{row.codename}" for row in rows}


def after_migrate() -> None:
    emit_post_migrate_signal(verbosity=0, interactive=False, db="default")


@pytest.mark.parametrize("role", ROLES)
def test_migrate_creates_the_role(role):
    Group.objects.all().delete()
    after_migrate()
    assert held(role) == set(ROLES[role])


def test_after_a_part_of_the_migrations_a_role_has_what_exists_and_the_rest_comes_later():
    Group.objects.all().delete()
    Permission.objects.filter(codename="view_meeting").delete()
    make_roles()
    assert held("Viewer") == set(ROLES["Viewer"]) - {"meetings.view_meeting"}
    after_migrate()
    assert held("Viewer") == set(ROLES["Viewer"])


def test_a_second_time_nothing_changes(django_assert_num_queries):
    make_roles()
    before = {role: held(role) for role in ROLES}
    with django_assert_num_queries(9):  # the permissions, two for each role, a savepoint
        make_roles()
    assert {role: held(role) for role in ROLES} == before
    assert Group.objects.count() == len(ROLES)


def test_a_role_gets_back_what_it_lacks_and_keeps_its_people():
    make_roles()
    viewers = Group.objects.get(name="Viewer")
    sam = User.objects.create_user("sam@example.org", name="Sam", is_staff=True)
    sam.groups.add(viewers)
    viewers.permissions.remove(viewers.permissions.first())
    make_roles()
    assert held("Viewer") == set(ROLES["Viewer"])
    assert sam.groups.get() == viewers


def test_a_group_of_someone_else_is_left_as_it_is():
    Group.objects.all().delete()
    foreign = Group.objects.create(name="Operator")
    foreign.permissions.add(Permission.objects.get(codename="delete_user"))
    make_roles()
    assert held("Operator") == {"cohorts.delete_user"}
    assert held("Viewer") == set(ROLES["Viewer"])


def test_a_viewer_can_only_view():
    assert {name.partition(".")[2].partition("_")[0] for name in ROLES["Viewer"]} == {"view"}


def test_only_the_operator_sees_the_machines_own_tables():
    machine = {f"{app}.view_{model}" for app, model in (each.split(".") for each in MACHINE_TABLES)}
    assert machine <= set(ROLES["Operator"])
    assert not machine & {*ROLES["Viewer"], *ROLES["Programme manager"]}


def test_no_table_of_the_machine_is_forgotten():
    """Permission groups are for superusers."""
    assert set(operations_tables()) == {*MACHINE_TABLES, "auth.group"}


def test_no_role_can_change_accounts_of_staff_or_grant_rights():
    granted = {name for names in ROLES.values() for name in names}
    assert not {
        name for name in granted if name.startswith("auth.") or name.endswith("delete_user")
    }


def test_the_reference_for_staff_names_each_role():
    guide = (ROOT / "docs" / "staff-reference.md").read_text(encoding="utf-8")
    assert all(f"**{role}**" in guide for role in ROLES)


def test_every_table_that_a_role_names_is_in_the_admin():
    registered = {model._meta.label_lower for model in site._registry}
    assert set(MACHINE_TABLES) <= registered
