"""The sample academy: a roster, accounts to sign in with, and members of the sandbox's guild."""

import csv
import io
import json
import time
import urllib.error
import urllib.request
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction

from cohorts import clock
from cohorts.models import Cohort, Membership, User
from cohorts.roster.importing import import_roster
from lens.demo.local import ADMIN, PASSWORD

ROSTER = Path(settings.BASE_DIR) / "docs" / "sample-roster.csv"
SANDBOX_SECONDS = 60
# The sample also shows a person who has not joined the server yet.
MISSING_IN_GUILD = 1


def fill_sample() -> None:
    """Create the sample if there is no cohort yet; otherwise change nothing."""
    if Cohort.objects.exists():
        return
    # One transaction, although it calls the sandbox: if interrupted, the next run starts over.
    with transaction.atomic():
        import_roster(read_roster(), now=clock.now())
        set_passwords()
        post_members()


def read_roster() -> bytes:
    """Return the sample, starting tomorrow: meetings are within a week, so access shows now."""
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    with ROSTER.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        text = io.StringIO()
        writer = csv.DictWriter(text, lines.fieldnames or [])
        writer.writeheader()
        writer.writerows({**line, "start_date": tomorrow} for line in lines)
    return text.getvalue().encode()


def set_passwords() -> None:
    """Create an administrator, and set one password for everyone."""
    User.objects.create_superuser(ADMIN, None, name="Administrator")
    # Hashed once: hashing for each person would take longer than all the rest.
    User.objects.update(password=make_password(PASSWORD))


def find_learner() -> User:
    """Return a participant to sign in as: the first of the roster."""
    membership = Membership.objects.filter(role=Membership.Role.PARTICIPANT).order_by("pk").first()
    assert membership is not None
    return membership.user


def post_members() -> None:
    """Send the sandbox all accounts, and as members of its guild all but the last."""
    people = list(User.objects.filter(discord_id__isnull=False).order_by("pk"))
    accounts = [
        {
            "id": str(person.discord_id),
            "username": (person.email or "").partition("@")[0],
            "email": person.email,
            "verified": True,
            "avatar": f"{person.discord_id:x}"[::-1].ljust(32, "7"),
        }
        for person in people
    ]
    call_sandbox("members", accounts[:-MISSING_IN_GUILD])
    for account in accounts[-MISSING_IN_GUILD:]:
        call_sandbox("account", account)


def call_sandbox(door: str, data: Any) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own sandbox
        # The sandbox's root: Discord's base URL ends with /api/v10.
        f"{settings.GOOGLE_CALENDAR_API_BASE}/_sandbox/{door}",
        data=json.dumps(data).encode(),
        headers={"Content-Type": "application/json"},
    )
    open_when_there(request)


def open_when_there(request: urllib.request.Request) -> None:
    """Send a request to the sandbox, and retry while it is still starting."""
    deadline = time.monotonic() + SANDBOX_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while True:
        try:
            opener.open(request, timeout=10).close()
            return
        except urllib.error.HTTPError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
