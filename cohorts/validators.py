"""Checks that a form, a roster line and a setting share."""

from __future__ import annotations

from django.core.exceptions import ValidationError

from cohorts.zones import zone_names

# Discord counts from 2015: the smallest id it ever gave has 15 digits; a 64-bit id has 20 at most.
SMALLEST_SNOWFLAKE = 10**14
LARGEST_SNOWFLAKE = 2**63 - 1


def check_address(email: str) -> None:
    """Refuse an address that no mail server elsewhere could deliver to: `odd@localhost`, `a@[::1]`.

    Google refuses a whole series of invitations that names one.  Raises ValidationError.
    """
    domain = email.rpartition("@")[2]
    if "." not in domain or domain.startswith("["):
        raise ValidationError(
            "%(email)s has no complete domain. Write an address such as ada@example.org.",
            code="domain",
            params={"email": email},
        )


def check_zone(name: str) -> None:
    """Refuse what is no IANA zone ("Europe/Berlin").  Raises ValidationError."""
    if name not in zone_names():
        raise ValidationError(
            "%(name)s is no time zone. Use an IANA name such as Europe/Berlin.",
            code="zone",
            params={"name": name},
        )


def check_snowflake(value: int) -> None:
    """Refuse what cannot be a Discord id.  Raises ValidationError."""
    if not SMALLEST_SNOWFLAKE <= value <= LARGEST_SNOWFLAKE:
        raise ValidationError(
            "%(value)s is no Discord id: those have 15 to 19 digits. In Discord, right-click the "
            "person and choose Copy User ID.",
            code="snowflake",
            params={"value": value},
        )
