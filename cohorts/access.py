"""What staff may do outside the admin: what their permissions allow in it, and no more."""

from __future__ import annotations

from cohorts.models import User


def staff_may(user: User, *permissions: str) -> bool:
    """Return whether a member of staff has all of these permissions.

    As in the admin, whoever may change something may view it.
    """
    return user.is_staff and all(_has(user, permission) for permission in permissions)


def _has(user: User, permission: str) -> bool:
    implied_by = permission.replace(".view_", ".change_")
    return user.has_perm(permission) or user.has_perm(implied_by)
