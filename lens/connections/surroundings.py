"""What Lens needs besides the providers: the database, the clock, time zone data, mail."""

import re
import smtplib
import time
import zoneinfo
from collections.abc import Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import requests
import tzdata
from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import DatabaseError, InterfaceError, NotSupportedError, connection

from cohorts.reconcile.values import Check
from cohorts.words import one_line
from lens.backups.pg_programs import server_version
from lens.checks import has_mail_server
from lens.health import has_pending_migrations

SETTINGS, DEPLOYING = "docs/settings.md", "docs/operations.md, “Deploying”"
MOST_SKEW = 5.0  # seconds
SECONDS = 10  # for an answer


def check_database() -> Iterator[Check]:
    """Check that it answers, that Django supports its version, and that it is migrated."""
    try:
        connection.ensure_connection()  # also compares the version with the oldest supported one
        is_migrated = not has_pending_migrations()
    except (DatabaseError, InterfaceError, NotSupportedError) as error:
        said = one_line(str(error))
        yield Check("Database", False, f"{said} Check DATABASE_URL.", SETTINGS)
        return
    if connection.vendor != "postgresql":
        detail = "It is SQLite, which is for one machine and for trying Lens out."
        yield Check("Database", False, detail, SETTINGS)
        return
    yield Check("Database", True, f"PostgreSQL {server_version()} answers.")
    yield check_skew("Clock of the database", measure_skew(read_database_clock()))
    if is_migrated:
        yield Check("Tables", True, "They are those of this version.")
    elif not connection.introspection.table_names():
        yield Check("Tables", True, "There are none yet: run manage.py upgrade next.")
    else:
        yield Check("Tables", False, "They are not migrated: run manage.py upgrade.", DEPLOYING)


def read_database_clock() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def measure_skew(other: datetime) -> float:
    """Return how many seconds this machine's clock is ahead of another one."""
    return time.time() - other.timestamp()


def check_skew(what: str, skew: float) -> Check:
    if abs(skew) <= MOST_SKEW:
        return Check(what, True, "It agrees with this machine's.")
    detail = (
        f"This machine's clock is {abs(skew):.0f} seconds {'ahead' if skew > 0 else 'behind'}. "
        "Synchronize both by NTP."
    )
    return Check(what, False, detail, "docs/operations.md, “What runs”")


def check_clock() -> Iterator[Check]:
    """Compare this machine's clock with Discord's, which answers with its time."""
    try:
        answer = requests.get(f"{settings.DISCORD_API_BASE}/gateway", timeout=SECONDS)
    except requests.RequestException as error:
        detail = f"Discord cannot be reached ({type(error).__name__}), so it is not compared."
        yield Check("Clock", False, detail, DEPLOYING)
        return
    if date := answer.headers.get("Date"):
        yield check_skew("Clock", measure_skew(parsedate_to_datetime(date)))


def check_zones() -> Iterator[Check]:
    """Check that the time zones, which Python takes from the system first, are not years old."""
    for folder in zoneinfo.TZPATH:
        version = read_zone_version(Path(folder))
        if version and int(version[:4]) < int(tzdata.IANA_VERSION[:4]) - 1:
            detail = (
                f"{folder} has time zones of {version}, older than {tzdata.IANA_VERSION}, which "
                "Lens brings. Install the system's newest tzdata, or set PYTHONTZPATH=/nowhere."
            )
            yield Check("Time zones", False, detail, DEPLOYING)
            return
    yield Check("Time zones", True, "They are not older than a year or two.")


def read_zone_version(folder: Path) -> str:
    """Return the version of a system's time zones, such as 2026a, or ""."""
    try:
        with (folder / "tzdata.zi").open(encoding="ascii") as file:
            found = re.match(r"# version (\d{4}\w*)", file.readline())
    except (OSError, ValueError):
        return ""
    return found[1] if found else ""


def check_mail(test_address: str) -> Iterator[Check]:
    """Sign in at the mail server and, if an address is given, send it an e-mail."""
    if not has_mail_server():
        yield Check("Mail", False, "EMAIL_URL is not set, so no e-mail is sent.", SETTINGS)
        return
    try:
        with get_connection() as server:
            if test_address:
                EmailMessage(
                    "Lens can send e-mail",
                    f"This e-mail was sent by the connection check of {settings.SITE_URL}.",
                    to=[test_address],
                    connection=server,
                ).send()
    except (OSError, smtplib.SMTPException) as error:
        # The server's words: they may name an address, but never the password.
        said = one_line(str(error)) or type(error).__name__
        yield Check("Mail", False, f"{said} Check EMAIL_URL and DEFAULT_FROM_EMAIL.", SETTINGS)
        return
    sent = f"An e-mail to {test_address} was accepted. Check that it arrives, and not as spam."
    asked = "The server accepts the sign-in. Add --email ADDRESS to send yourself one."
    yield Check("Mail", True, sent if test_address else asked)
