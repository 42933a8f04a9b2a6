"""System checks of `manage.py check`: settings that cannot work. With `--deploy`: what is missing.

Each provider is checked on its own. One that is left out on purpose causes only a warning.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register  # noqa: A004 - Django's name
from django.db import DatabaseError, InterfaceError
from django.db.models import Q

from lens.env import is_local


@register
def check_settings(**_: Any) -> list[CheckMessage]:
    """Report what is wrong on any machine."""
    return [
        *find_discord_errors(),
        *find_sign_in_errors(),
        *find_pace_errors(),
    ]


@register(deploy=True)
def check_production(**_: Any) -> list[CheckMessage]:
    """Report what a production set-up is missing, in addition to Django's own checks."""
    return [
        *lacks_of_installation(),
        *lacks_of_web(),
        *lacks_of_proxy(),
        *lacks_of_discord(),
        *lacks_of_google(),
        *lacks_of_alarms(),
    ]


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


# -- errors ------------------------------------------------------------------------------------


def find_discord_errors() -> Iterator[CheckMessage]:
    if settings.DISCORD_BOT_TOKEN and settings.DISCORD_GUILD_ID is None:
        yield Error(
            "Discord: DISCORD_BOT_TOKEN is set, but DISCORD_GUILD_ID is not.",
            hint="Set DISCORD_GUILD_ID to the ID of the bot's server.",
            id="lens.E001",
        )
    if has_sandbox_token() and not is_local(settings.DISCORD_API_BASE):
        yield Error(
            "Discord: a sandbox's token would be sent to the real Discord.",
            hint="Set the bot's own token, or DISCORD_API_BASE to the sandbox's address.",
            id="lens.E002",
        )


def find_sign_in_errors() -> Iterator[CheckMessage]:
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


def find_pace_errors() -> Iterator[CheckMessage]:
    sync = settings.SYNC
    timeout: Any = settings.Q_CLUSTER["timeout"]
    longest = sync["run_seconds"] + sync["call_seconds"]
    if longest >= timeout:
        yield Error(
            f"A sync pass may take {longest:g} seconds, but tasks are stopped after {timeout:g}.",
            hint="Keep SYNC_SLICE_SECONDS + SYNC_CALL_SECONDS below that.",
            id="lens.E003",
        )
    if sync["renew_below_seconds"] >= sync["lease_seconds"]:
        yield Error(
            "SYNC_RENEW_BELOW_SECONDS must be less than SYNC_LEASE_SECONDS.", id="lens.E004"
        )
    if sync["call_seconds"] >= sync["renew_below_seconds"]:
        yield Error(
            "SYNC_CALL_SECONDS must be less than SYNC_RENEW_BELOW_SECONDS, or a call could "
            "outlive the lease under which it began.",
            id="lens.E005",
        )


# -- missing in production ---------------------------------------------------------------------


def lacks_of_installation() -> Iterator[CheckMessage]:
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


def lacks_of_web() -> Iterator[CheckMessage]:
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


def lacks_of_proxy() -> Iterator[CheckMessage]:
    if settings.SITE_URL.startswith("https:") and not settings.TRUSTED_PROXIES:
        yield Warning(
            "TRUSTED_PROXIES is not set, so Lens cannot detect https, and everyone behind the "
            "proxy shares one rate limit.",
            hint="Set it to the address from which the proxy connects, such as 127.0.0.1.",
            id="lens.W040",
        )


def lacks_of_discord() -> Iterator[CheckMessage]:
    if not settings.DISCORD_CLIENT_ID:
        yield Warning(
            "Discord: DISCORD_CLIENT_ID is not set, so people can only sign in with a password.",
            hint="docs/operations.md, “Discord”, shows where to find the client ID and secret.",
            id="lens.W013",
        )
    if not settings.DISCORD_BOT_TOKEN:
        yield Warning(
            "Discord: DISCORD_BOT_TOKEN is not set, so no group can become active.",
            hint="docs/operations.md, “Discord”, shows how to create a bot and invite it.",
            id="lens.W010",
        )
        return
    if has_sandbox_token() or is_local(settings.DISCORD_API_BASE):
        yield Warning(
            f"Discord: the sandbox at {settings.DISCORD_API_BASE} is used.",
            hint="Set DISCORD_BOT_TOKEN to the bot's own token and leave DISCORD_API_BASE unset.",
            id="lens.W011",
        )
    if not settings.DISCORD_INVITE_URL:
        yield Warning(
            "Discord: DISCORD_INVITE_URL is not set, so people who are not in the server yet are "
            "not shown an invitation.",
            hint="Create an invitation that does not expire in the server settings.",
            id="lens.W012",
        )


def lacks_of_google() -> Iterator[CheckMessage]:
    if not settings.GOOGLE_CALENDAR_ID:
        yield Warning(
            "Google Calendar: GOOGLE_CALENDAR_ID is not set, so no one is invited.",
            hint="docs/operations.md, “Google Calendar”, shows how to create the calendar.",
            id="lens.W020",
        )
        return
    if is_local(settings.GOOGLE_CALENDAR_API_BASE):
        yield Warning(
            f"Google Calendar: the sandbox at {settings.GOOGLE_CALENDAR_API_BASE} is used.",
            hint="Set the service account's key and leave GOOGLE_CALENDAR_API_BASE unset.",
            id="lens.W021",
        )
    if not settings.GOOGLE_CREDENTIALS:
        yield Warning(
            "Google Calendar: no service account's key is set; the machine's own (application "
            "default) credentials will be tried.",
            hint="Set GOOGLE_CALENDAR_CREDENTIALS_FILE or GOOGLE_CALENDAR_CREDENTIALS_JSON.",
            id="lens.W022",
        )
    if not settings.GOOGLE_CALENDAR_SUBJECT:
        yield Warning(
            "Google Calendar: GOOGLE_CALENDAR_SUBJECT is not set; a service account can only "
            "invite people on behalf of a user.",
            hint="Set it to the address for which domain-wide delegation was granted.",
            id="lens.W023",
        )


def lacks_of_alarms() -> Iterator[CheckMessage]:
    if settings.EMAIL_BACKEND.split(".")[-2] in {"console", "dummy", "locmem", "filebased"}:
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


def has_sandbox_token() -> bool:
    return str(settings.DISCORD_BOT_TOKEN).startswith("sandbox")
