"""Staff with certain permissions, and their browsers."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from cohorts.models import User


def give(person: User, *permissions: str) -> User:
    for permission in permissions:
        app, codename = permission.split(".")
        person.user_permissions.add(
            Permission.objects.get(content_type__app_label=app, codename=codename)
        )
    return person


@pytest.fixture
def staff_with(db: None) -> Callable[..., Client]:
    """Sign in staff who hold exactly these permissions."""

    def sign_in(*permissions: str, zone: str = "UTC") -> Client:
        sam = User.objects.create_user("sam@example.org", name="Sam", is_staff=True, timezone=zone)
        client = Client()
        client.force_login(give(sam, *permissions))
        return client

    return sign_in
