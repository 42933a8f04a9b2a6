"""Members of staff, as tests need them."""

from __future__ import annotations

from django.contrib.auth.models import Group as Role
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts.models import User
from lens.frame.roles import make_roles


def make_manager(name: str = "Max") -> User:
    """A programme manager, by the role of that name."""
    make_roles()
    person = User.objects.create_user("max@example.org", name=name, is_staff=True)
    person.groups.add(Role.objects.get(name="Programme manager"))
    return person


def sign_in_with(*codenames: str) -> Client:
    """The browser of Vera, who has these permissions."""
    person = User.objects.create_user("vera@example.org", name="Vera", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    client = Client()
    client.force_login(person)
    return client
