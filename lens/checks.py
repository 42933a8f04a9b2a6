"""System checks of `manage.py check`: settings that cannot work. With `--deploy`: what is missing.

Each provider checks its own settings. One that is left out on purpose causes only a warning.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name
from django.db import DatabaseError, InterfaceError
from django.db.models import Q

from cohorts.validators import is_local


@register(deploy=True)
def check_staff(**_: Any) -> list[CheckMessage]:
    """Name the staff who have no second factor.  Reads the database."""
    if not settings.REQUIRE_STAFF_MFA and not settings.SANDBOX:
        return [
            Warning(
                "REQUIRE_STAFF_MFA is off, so a staff member's password is enough to sign in.",
                hint="Leave it unset: staff then set up a second factor at their next sign-in.",
                id="lens.W042",
            )
        ]
    try:
        names = find_staff_without_second_factor()
    except (DatabaseError, InterfaceError):
        return []  # not migrated yet, or down: /healthz?ready says so
    if not names:
        return []
    return [
        Warning(
            f"Staff without a second factor: {', '.join(names)}.",
            hint="They must set one up at their next sign-in.",
            id="lens.W041",
        )
    ]


def find_staff_without_second_factor() -> list[str]:
    from allauth.mfa.models import Authenticator

    from cohorts.models import User

    with_one = Authenticator.objects.filter(type=Authenticator.Type.TOTP).values("user_id")
    staff = User.objects.filter(Q(is_staff=True) | Q(is_superuser=True), is_active=True).exclude(
        pk__in=with_one
    )
    return [person.display_name for person in staff]


@register
def check_sign_in(**_: Any) -> Iterator[CheckMessage]:
    has_id, has_secret = bool(settings.DISCORD_CLIENT_ID), bool(settings.DISCORD_CLIENT_SECRET)
    if has_id != has_secret:
        here, lacking = ("ID", "SECRET") if has_id else ("SECRET", "ID")
        yield Error(
            f"Discord: DISCORD_CLIENT_{here} is set, but DISCORD_CLIENT_{lacking} is not.",
            hint="Both are shown in Discord's Developer Portal, on the page “OAuth2”.",
            id="lens.E007",
        )
    is_of_sandbox = str(settings.DISCORD_CLIENT_SECRET).startswith("sandbox")
    if is_of_sandbox and not is_local(settings.DISCORD_API_BASE):
        yield Error(
            "Discord: a sandbox's client secret would be sent to the real Discord.",
            hint="Set the application's own secret, or DISCORD_API_BASE to the sandbox's address.",
            id="lens.E008",
        )


@register(deploy=True)
def check_deployed_sign_in(**_: Any) -> Iterator[CheckMessage]:
    if not settings.DISCORD_CLIENT_ID:
        yield Warning(
            "Discord: DISCORD_CLIENT_ID is not set, so people can only sign in with a password.",
            hint="docs/operations.md, “Discord”, shows where to find the client ID and secret.",
            id="lens.W013",
        )


@register(deploy=True)
def check_installation(**_: Any) -> Iterator[CheckMessage]:
    if settings.INSTALLATION_ID == "local":
        yield Warning(
            "INSTALLATION_ID is 'local', which is the value for development machines.",
            hint="Choose a unique name, such as 'academy-live'.",
            id="lens.W001",
        )
    if settings.DATABASES["default"]["ENGINE"].endswith("sqlite3"):
        yield Warning(
            "The database is SQLite, which supports only one machine and one writer at a time. A "
            "copied or restored file is not recognized: it would make changes and send messages "
            "like the original.",
            hint="Set DATABASE_URL to a PostgreSQL database: postgres://user:password@host/name. "
            "With SQLite, run `manage.py mark_restored` on every copy before anything else.",
            id="lens.W002",
        )


@register(deploy=True)
def check_web(**_: Any) -> Iterator[CheckMessage]:
    site = urlsplit(settings.SITE_URL)
    if "*" in settings.ALLOWED_HOSTS:
        yield Error(
            "ALLOWED_HOSTS is *: pages are served under any host name.",
            hint="Set ALLOWED_HOSTS to the host names of this installation, separated by commas.",
            id="lens.E030",
        )
    if site.scheme != "https":
        yield Warning(
            f"SITE_URL is {settings.SITE_URL}, which is not https.",
            hint="Set it to the public address of Lens. Links in messages start with it.",
            id="lens.W003",
        )
    if site.hostname not in settings.ALLOWED_HOSTS and "*" not in settings.ALLOWED_HOSTS:
        yield Warning(
            f"ALLOWED_HOSTS does not include {site.hostname}, the host of SITE_URL.",
            hint="Set ALLOWED_HOSTS to the host names of this installation, separated by commas.",
            id="lens.W004",
        )


@register(deploy=True)
def check_proxy(**_: Any) -> Iterator[CheckMessage]:
    if settings.SITE_URL.startswith("https:") and not settings.TRUSTED_PROXIES:
        yield Warning(
            "TRUSTED_PROXIES is not set, so Lens cannot detect https, and everyone behind the "
            "proxy shares one rate limit.",
            hint="Set it to the address from which the proxy connects, such as 127.0.0.1.",
            id="lens.W040",
        )


def has_mail_server() -> bool:
    """Return whether e-mails leave this machine. Django's other backends print or store them."""
    return str(settings.EMAIL_BACKEND).endswith("smtp.EmailBackend")


@register(deploy=True)
def check_alarms(**_: Any) -> Iterator[CheckMessage]:
    if not has_mail_server():
        yield Warning(
            "EMAIL_URL is not set, so no e-mail is sent.",
            hint="Set it to smtp+tls://user:password@host:587.",
            id="lens.W030",
        )
    if not settings.SENTRY_DSN:
        yield Warning(
            "SENTRY_DSN is not set, so errors appear only in the logs.",
            hint="Set it to the DSN of a Sentry project, or watch the logs for ERROR.",
            id="lens.W031",
        )
