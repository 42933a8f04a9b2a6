"""Permission checks for staff pages that are not a model's admin."""

from typing import cast

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

from cohorts.models import User


def require(request: HttpRequest, *permissions: str) -> User:
    """Return the signed-in user. Raises PermissionDenied unless `staff_may`."""
    user = cast(User, request.user)
    if not staff_may(user, *permissions):
        raise PermissionDenied
    return user


def staff_may(user: User, *permissions: str) -> bool:
    """Return whether the user is staff and has all of these permissions.

    As in the Django admin, the change permission implies the view permission.
    """
    return user.is_staff and all(_has(user, permission) for permission in permissions)


def _has(user: User, permission: str) -> bool:
    implied_by = permission.replace(".view_", ".change_")
    return user.has_perm(permission) or user.has_perm(implied_by)
