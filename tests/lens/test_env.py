"""A setting that is wrong ends in a sentence that names it, and never repeats a secret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from lens.env import Env
from tests.support.processes import ROOT

READ_EACH = """
import json, os, runpy, sys
from django.core.exceptions import ImproperlyConfigured
usual = dict(os.environ)
for name, value in json.load(sys.stdin):
    os.environ[name] = value
    try:
        runpy.run_module("lens.settings")
        print(name, "is accepted")
    except ImproperlyConfigured as error:
        print(error)
    del os.environ[name]
    os.environ.update(usual)
"""


def read_each(wrong: list[tuple[str, str]]) -> list[str]:
    """Return what the settings say about each value, one by one.

    Those of this very process were read long ago, so another one reads the wrong values.
    """
    done = subprocess.run(
        [sys.executable, "-c", READ_EACH],
        cwd=ROOT,
        input=json.dumps(wrong),
        env={**os.environ, "DATABASE_URL": "sqlite://:memory:"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "swordfish" not in done.stdout + done.stderr
    return done.stdout.splitlines()


def test_a_wrong_value_is_reported_by_name_in_one_line() -> None:
    wrong = [
        ("DEBUG", "maybe"),
        ("SITE_URL", "example.org"),
        ("DATABASE_URL", "mydatabase"),
        ("EMAIL_URL", "mail.example.org"),
        ("SENTRY_DSN", "key"),
        ("LOG_LEVEL", "LOUD"),
        ("DISCORD_GUILD_ID", "my server"),
        ("DISCORD_CLIENT_ID", "lens"),
        ("DISCORD_API_BASE", "discord"),
        ("DISCORD_EVENT_HORIZON_DAYS", "two weeks"),
        ("GOOGLE_CALENDAR_CREDENTIALS_FILE", "/nowhere/key.json"),
        ("GOOGLE_CALENDAR_CREDENTIALS_JSON", "{}"),
        ("CALENDAR_GUEST_INVITATION", "letter"),
        ("SYNC_LEASE_SECONDS", "long"),
        ("SECRET_KEY_FILE", "/nowhere/key"),
    ]
    told = read_each(wrong)
    assert len(told) == len(wrong)
    for (name, _), sentence in zip(wrong, told, strict=True):
        assert name.removesuffix("_JSON").removesuffix("_FILE") in as_name(sentence)
        assert "is accepted" not in sentence


def test_o10_a_value_that_cannot_work_is_explained_in_a_sentence_without_secrets() -> None:
    wrong = [
        ("DATABASE_URL", "postgres://lens:swordfish@host:port/lens"),
        ("EMAIL_URL", "smtp+tls://lens:swordfish@host:port"),
        ("EMAIL_URL", "smtp+tls://"),
        ("SENTRY_DSN", "https://sentry.example.org/1"),
        ("SENTRY_DSN", "https://swordfish@sentry.example.org:port/1"),
        ("SENTRY_DSN", "https://swordfish@sentry.example.org"),
        *(("SYNC_RUN_SECONDS", value) for value in ("nan", "inf", "0", "-1", "1e300")),
        *(("DISCORD_EVENT_HORIZON_DAYS", value) for value in ("-1", "99999999999", "9" * 5000)),
        *(("DEFAULT_FROM_EMAIL", value) for value in ("Lens", "a@", "Lens <a b@example.org>")),
    ]
    told = read_each(wrong)
    assert [sentence.split()[0] for sentence in told] == [name for name, _ in wrong]
    assert [sentence for sentence in told if " must be" not in sentence] == []


def test_a_setting_works_under_its_former_name_unless_the_new_one_is_set() -> None:
    assert Env({"SYNC_SLICE_SECONDS": "30"}).number("SYNC_RUN_SECONDS", default=45) == 30
    both = {"SYNC_SLICE_SECONDS": "30", "SYNC_RUN_SECONDS": "20"}
    assert Env(both).number("SYNC_RUN_SECONDS", default=45) == 20
    assert Env({}).number("SYNC_RUN_SECONDS", default=45) == 45


def as_name(sentence: str) -> str:
    """ "The Google credentials are …" names no variable but what it is about."""
    return sentence.replace("Google credentials", "GOOGLE_CALENDAR_CREDENTIALS")


def test_the_command_line_ends_with_the_sentence_and_not_with_a_trace() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**os.environ, "DISCORD_GUILD_ID": "my server"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Settings: DISCORD_GUILD_ID must be a Discord ID")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("method", ["database", "email"])
def test_an_address_that_may_hold_a_password_is_not_repeated(method: str) -> None:
    env = Env({"URL": "wrong://user:swordfish@host"})
    with pytest.raises(ImproperlyConfigured) as told:
        getattr(env, method)("URL", "")
    assert "swordfish" not in str(told.value)


def test_a_mounted_secret_is_read_without_its_line_end(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc\n", encoding="utf-8")
    assert Env({"TOKEN_FILE": str(file)}).text("TOKEN") == "abc"


def test_a_value_that_begins_with_a_dollar_is_itself() -> None:
    assert Env({"KEY": "$HOME"}).text("KEY") == "$HOME"


def test_an_empty_variable_counts_as_not_set() -> None:
    env = Env({"A": " ", "B": ""})
    assert env.text("A", "x") == "x"
    assert env.whole("B", 3) == 3
    assert env.names("A", ["y"]) == ["y"]
