"""`manage.py check`, and with `--deploy` what production still lacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from typing import Any

import pytest
from django.core.checks import CheckMessage, registry
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError

from cohorts import clock
from cohorts.models import Installation
from lens.checks import check_staff
from tests.support.processes import ROOT

pytestmark = pytest.mark.filterwarnings("ignore:Overriding setting DATABASES")

OWN = ("cohorts.", "meetings.", "guestvisits.", "discordsync.", "calendarsync.", "lens.")
COMPLETE = {
    "INSTALLATION_ID": "academy-live",
    "SITE_URL": "https://lens.example.org",
    "ALLOWED_HOSTS": ["lens.example.org"],
    "TRUSTED_PROXIES": ["127.0.0.1"],
    "DATABASES": {"default": {"ENGINE": "django.db.backends.postgresql"}},
    "DISCORD_BOT_TOKEN": "MTk4NjIy.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs",
    "DISCORD_GUILD_ID": 100000000000000001,
    "DISCORD_API_BASE": "https://discord.com/api/v10",
    "DISCORD_CLIENT_ID": 100000000000000003,
    "DISCORD_CLIENT_SECRET": "of-the-application",
    "DISCORD_INVITE_URL": "https://discord.gg/academy",
    "GOOGLE_CALENDAR_ID": "lens@example.org",
    "GOOGLE_CALENDAR_SUBJECT": "office@example.org",
    "GOOGLE_CREDENTIALS": {"client_email": "lens@project.example"},
    "GOOGLE_CALENDAR_API_BASE": "https://www.googleapis.com",
    "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
    "SENTRY_DSN": "https://key@sentry.example.org/1",
}


@pytest.fixture
def production(settings: Any) -> Any:
    for name, value in COMPLETE.items():
        setattr(settings, name, value)
    return settings


def run(registered: set[Any]) -> list[CheckMessage]:
    """What our own checks of the settings report."""
    own = [check for check in registered if check.__module__.startswith(OWN)]
    own = [check for check in own if check is not check_staff]  # it reads the database
    return [message for check in own for message in check(app_configs=None, databases=None)]


def check_settings() -> list[CheckMessage]:
    return run(registry.registry.registered_checks)


def check_production() -> list[CheckMessage]:
    return run(registry.registry.deployment_checks)


def ids(messages: list[CheckMessage]) -> list[str]:
    return [str(message.id) for message in messages]


def test_a_complete_production_lacks_nothing(production: Any) -> None:
    assert ids(check_settings()) == []
    assert ids(check_production()) == []


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("INSTALLATION_ID", "local", "lens.W001"),
        ("DATABASES", {"default": {"ENGINE": "django.db.backends.sqlite3"}}, "lens.W002"),
        ("SITE_URL", "http://lens.example.org", "lens.W003"),
        ("ALLOWED_HOSTS", ["other.example.org"], "lens.W004"),
        ("ALLOWED_HOSTS", ["lens.example.org", "*"], "lens.E030"),
        ("TRUSTED_PROXIES", [], "lens.W040"),
        ("DISCORD_BOT_TOKEN", "", "lens.W010"),
        ("DISCORD_API_BASE", "http://127.0.0.1:8001/api/v10", "lens.W011"),
        ("DISCORD_INVITE_URL", "", "lens.W012"),
        ("GOOGLE_CALENDAR_ID", "", "lens.W020"),
        ("GOOGLE_CALENDAR_API_BASE", "http://127.0.0.1:8001", "lens.W021"),
        ("GOOGLE_CREDENTIALS", None, "lens.W022"),
        ("GOOGLE_CALENDAR_SUBJECT", "", "lens.W023"),
        ("DISCORD_CLIENT_ID", None, "lens.W013"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "lens.W030"),
        ("SENTRY_DSN", "", "lens.W031"),
    ],
)
def test_each_thing_that_is_missing_is_reported_separately(
    production: Any, name: str, value: Any, told: str
) -> None:
    setattr(production, name, value)
    found = check_production()
    assert ids(found) == [told]
    assert found[0].hint, "every lack says what to do"


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DISCORD_GUILD_ID", None, "lens.E001"),
        ("DISCORD_BOT_TOKEN", "sandbox-local", "lens.E002"),
        ("DISCORD_CLIENT_ID", None, "lens.E007"),
        ("DISCORD_CLIENT_SECRET", "", "lens.E007"),
        ("DISCORD_CLIENT_SECRET", "sandbox-local", "lens.E008"),
        ("SYNC", {"run_seconds": 100}, "lens.E003"),
        ("SYNC", {"renew_below_seconds": 90}, "lens.E004"),
        ("SYNC", {"renew_below_seconds": 45}, "lens.E005"),
    ],
)
def test_each_thing_that_cannot_work_is_reported(
    production: Any, name: str, value: Any, told: str
) -> None:
    if isinstance(value, dict):
        value = {**getattr(production, name), **value}
    setattr(production, name, value)
    assert ids(check_settings()) == [told]


@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "worker"],
        pytest.param(["manage.py", "run_discord_bot"], marks=pytest.mark.matrix),
        pytest.param(["manage.py", "import_roster", "roster.csv"], marks=pytest.mark.matrix),
        ["-c", "import lens.wsgi"],
    ],
    ids=lambda command: command[-1],
)
def test_o5_no_process_starts_without_an_installation_id(command: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "SECRET_KEY": "x", "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    last = done.stderr.strip().splitlines()[-1]
    assert "INSTALLATION_ID is not set. Choose a short unique name" in last


@pytest.mark.django_db
def test_o5_an_empty_installation_id_is_never_stored(settings: Any) -> None:
    settings.INSTALLATION_ID = ""
    with pytest.raises(ImproperlyConfigured):
        Installation.objects.ensure(clock.now())
    settings.INSTALLATION_ID = "academy-live"
    assert Installation.objects.ensure(clock.now()).installation_id == "academy-live"
    with pytest.raises(IntegrityError):
        Installation.objects.update(installation_id="")


# -- what every check has ------------------------------------------------------------------------


def test_c17_each_check_has_an_id_of_its_own():
    used = Counter(
        name
        for app in ("cohorts", "meetings", "guestvisits", "discordsync", "calendarsync", "lens")
        for file in (ROOT / app).rglob("*.py")
        for name in re.findall(r'id="(\w+\.[EWC]\d+)"', file.read_text())
    )
    assert [name for name, times in used.items() if times > 1] == []
    assert len(used) > 20
