"""Who may change which accounts, through the admin's own forms."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from cohorts.models import User
from tests.admin.reading import hidden_of
from tests.support.second_factor import use_second_factor

pytestmark = pytest.mark.django_db

PEOPLE = "/admin/cohorts/user/"
HERS, OTHER = 200000000000000001, 200000000000000777
RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
PASSWORD = {"password1": "a good long word", "password2": "a good long word"}


@pytest.fixture
def max_() -> User:
    """Staff who may do everything with people and groups of permissions, and is no superuser."""
    max_ = User.objects.create_user("max@example.org", "old secret", name="Max", is_staff=True)
    able = ["user", "group"]
    max_.user_permissions.set(Permission.objects.filter(content_type__model__in=able))
    return max_


@pytest.fixture
def target(request, max_: User) -> User:
    if request.param == "self":
        return max_
    rights = {"superuser": {"is_staff": True, "is_superuser": True}, "staff": {"is_staff": True}}
    return User.objects.create_user(
        "nina@example.org",
        "old secret",
        name="Nina",
        discord_id=HERS,
        **rights.get(request.param, {}),
    )


def signed_in(person: User) -> Client:
    """A client whose person has just proved who they are, so that nothing asks for it again."""
    client = Client()
    client.force_login(person)
    use_second_factor(client, person)
    return client


def form_of(person: User, **changed) -> dict:
    flags = dict.fromkeys(("is_active", "is_staff", "is_superuser", "wants_email"), "on")
    fields = {
        "name": person.name,
        "email": person.email,
        "discord_id": person.discord_id or "",
        "timezone": "UTC",
        **{name: on for name, on in flags.items() if getattr(person, name)},
        **changed,
    }
    return {name: value for name, value in fields.items() if value is not None}


def state(person: User) -> dict:
    person.refresh_from_db()
    names = ("email", "discord_id", "is_active", "is_staff", "is_superuser", "password")
    return {name: getattr(person, name) for name in names} | {
        "groups": list(person.groups.values_list("pk", flat=True)),
        "user_permissions": set(person.user_permissions.values_list("pk", flat=True)),
    }


def changes() -> dict[str, object]:
    """Each field that says who someone is or what they may do, with another value."""
    return {
        "email": "mallory@example.org",
        "discord_id": OTHER,
        "is_active": None,
        "is_staff": None,
        "is_superuser": "on",
        "groups": Group.objects.create(name="All").pk,
        "user_permissions": Permission.objects.get(codename="change_cohort").pk,
    }


@pytest.mark.parametrize("target", ["superuser", "staff", "self"], indirect=True)
def test_a4_only_superusers_change_a_staff_account(max_, target):
    client, before = signed_in(max_), state(target)
    wanted = changes() | ({"is_superuser": None} if target.is_superuser else {})
    answer = client.post(f"{PEOPLE}{target.pk}/change/", form_of(target, **wanted))
    assert (answer.status_code, answer["Location"]) == (302, PEOPLE), answer.content.decode()
    assert state(target) == before


@pytest.mark.parametrize("target", ["superuser", "staff", "self"], indirect=True)
def test_a4_only_superusers_set_a_staff_password_or_delete_a_staff_account(max_, target):
    client, before = signed_in(max_), state(target)
    page = client.get(f"{PEOPLE}{target.pk}/change/").content.decode()
    assert "password/" not in page
    assert target.password not in page
    address = f"{PEOPLE}{target.pk}/password/"
    assert client.get(address).status_code == 403
    for form in ({**PASSWORD, "usable_password": "true"}, {"usable_password": "false"}):
        assert client.post(address, {**form, "unset-password": "1"}).status_code == 403
    assert client.post(f"{PEOPLE}{target.pk}/delete/", {"post": "yes"}).status_code == 403
    client.post(PEOPLE, {"action": "delete_selected", "_selected_action": target.pk, "post": "yes"})
    assert state(target) == before


@pytest.mark.parametrize("target", ["learner"], indirect=True)
def test_a4_staff_correct_a_learner_without_being_asked_for_their_password_again(max_, target):
    client = Client()
    client.force_login(max_)
    form = form_of(target, name="Nina B.", email="nina@example.net", discord_id=OTHER)
    answer = client.post(f"{PEOPLE}{target.pk}/change/", form)
    assert (answer.status_code, answer["Location"]) == (302, PEOPLE)
    now = state(target)
    assert (target.name, now["email"], now["discord_id"]) == ("Nina B.", "nina@example.net", OTHER)


@pytest.mark.parametrize("target", ["learner"], indirect=True)
def test_a4_staff_correct_a_learner_and_make_no_one_staff(max_, target):
    client, rights = signed_in(max_), changes()
    rights |= {"is_staff": "on", "is_active": "on"}
    answer = client.post(f"{PEOPLE}{target.pk}/change/", form_of(target, **rights))
    assert answer.status_code == 302, answer.content.decode()
    now = state(target)
    assert (now["email"], now["discord_id"]) == ("mallory@example.org", OTHER)
    assert not any(now[right] for right in RIGHTS)
    answer = client.post(
        f"{PEOPLE}add/",
        {
            "name": "Eve",
            "email": "eve@example.org",
            "timezone": "UTC",
            "is_staff": "on",
            "is_superuser": "on",
            "usable_password": "true",
            **PASSWORD,
        },
    )
    assert answer.status_code == 302, answer.content.decode()
    eve = User.objects.get(email="eve@example.org")
    assert not any(state(eve)[right] for right in RIGHTS)


def test_a4_only_superusers_change_what_a_group_of_permissions_holds(max_):
    client, group = signed_in(max_), Group.objects.create(name="Managers")
    max_.groups.add(group)
    everything = list(Permission.objects.values_list("pk", flat=True))
    form = {"name": "Managers", "permissions": everything}
    for address in (
        f"/admin/auth/group/{group.pk}/change/",
        "/admin/auth/group/add/",
        f"/admin/auth/group/{group.pk}/delete/",
    ):
        assert client.post(address, {**form, "post": "yes"}).status_code == 403
    assert not Group.objects.get(name="Managers").permissions.exists()


@pytest.mark.parametrize("target", ["staff"], indirect=True)
def test_a4_superusers_still_change_staff_accounts(target, staff):
    wanted = changes() | {"is_active": "on", "is_staff": "on"}
    address = f"{PEOPLE}{target.pk}/change/"
    answer = staff.post(address, form_of(target, **hidden_of(staff.get(address)), **wanted))
    assert answer.status_code == 302, answer.content.decode()
    now = state(target)
    assert (now["email"], now["discord_id"]) == ("mallory@example.org", OTHER)
    assert all(now[right] for right in RIGHTS)
