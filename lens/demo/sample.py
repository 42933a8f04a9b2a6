"""The sample academy: a roster, accounts to sign in with, and who is in the sandbox's guild."""

from __future__ import annotations

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
from cohorts.services.roster import import_roster
from lens.demo.local import ADMIN, PASSWORD

ROSTER = Path(settings.BASE_DIR) / "docs" / "sample-roster.csv"
SANDBOX_SECONDS = 60
# So that the sample shows it too: somebody who has not joined the server yet.
MISSING_IN_GUILD = 1


def fill_sample() -> None:
    """Make the sample where there is no cohort yet; otherwise leave everything as it is."""
    if Cohort.objects.exists():
        return
    # One transaction, though it calls the sandbox: interrupted, the next run begins anew.
    with transaction.atomic():
        import_roster(read_roster(), now=clock.now())
        set_passwords()
        post_members()


def read_roster() -> bytes:
    """The sample, beginning tomorrow: first meetings within the week, so that access shows now."""
    tomorrow = (clock.now() + timedelta(days=1)).date().isoformat()
    with ROSTER.open(encoding="utf-8", newline="") as file:
        lines = csv.DictReader(file)
        text = io.StringIO()
        writer = csv.DictWriter(text, lines.fieldnames or [])
        writer.writeheader()
        writer.writerows({**line, "start_date": tomorrow} for line in lines)
    return text.getvalue().encode()


def set_passwords() -> None:
    """An administrator, and one password for everybody."""
    User.objects.create_superuser(ADMIN, None, name="Administrator")
    # Hashed once: once per person would take longer than all the rest.
    User.objects.update(password=make_password(PASSWORD))


def find_learner() -> User:
    """A participant to sign in as: the first of the roster."""
    membership = Membership.objects.filter(role=Membership.Role.PARTICIPANT).order_by("pk").first()
    assert membership is not None
    return membership.user


def post_members() -> None:
    """Tell the sandbox whose accounts there are and who is in its guild: all but the last."""
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
    tell_sandbox("members", accounts[:-MISSING_IN_GUILD])
    for account in accounts[-MISSING_IN_GUILD:]:
        tell_sandbox("account", account)


def tell_sandbox(door: str, data: Any) -> None:
    request = urllib.request.Request(  # noqa: S310 - our own sandbox
        # Its root: Discord's base address has /api/v10 at its end.
        f"{settings.GOOGLE_CALENDAR_API_BASE}/_sandbox/{door}",
        data=json.dumps(data).encode(),
        headers={"Content-Type": "application/json"},
    )
    open_when_there(request)


def open_when_there(request: urllib.request.Request) -> None:
    """The sandbox was started a moment ago, and may still be on its way."""
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
