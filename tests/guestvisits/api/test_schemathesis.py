"""Schemathesis sends to the API what its own description allows and forbids, signed in, by HTTP."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from cohorts.models import Membership, User
from tests.support.academy import Academy

pytestmark = [pytest.mark.matrix, pytest.mark.django_db(transaction=True)]

# Refusals of rules are 400s too, also of input that is as described.
CONFIG = """
[checks]
positive_data_acceptance.expected-statuses = ["2xx", "400", "401", "403", "404", "409", "429"]

[parameters]
"""
PATIENCE = 60  # seconds beyond those that schemathesis is given, for its start and its end


def run_schemathesis(
    schema: str, person: User, config: Path, *, phases: str, seconds: int
) -> subprocess.CompletedProcess[str]:
    client, token = Client(), "a" * 32
    client.force_login(person)
    session = client.cookies["sessionid"].value
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", config.name, "run", schema),
        *("--checks", "all", "--phases", phases, "--max-time", str(seconds), "--seed", "1"),
        *("--header", f"Cookie: sessionid={session}; csrftoken={token}"),
        *("--header", f"X-CSRFToken: {token}"),
        *("--generation-with-security-parameters", "false", "--generation-database", "none"),
        *("--suppress-health-check", "all", "--continue-on-failure", "--no-shrink", "--no-color"),
    ]
    return subprocess.run(
        command,
        cwd=config.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=seconds + PATIENCE,
    )


@pytest.mark.parametrize(
    ("ids", "phases", "seconds"),
    [("any", "coverage,fuzzing", 30), ("own", "coverage,fuzzing,stateful", 50)],
)
def test_a14_schemathesis_finds_nothing(live_server, tmp_path, now, ids, phases, seconds) -> None:
    """With any ids, and with those of a group that the person facilitates."""
    academy = Academy(now)
    ada = academy.add_facilitator("Ada", "B")
    Membership.objects.create(user=ada, group=academy.groups["A"])
    own = {
        "path.meeting_id": academy.meeting("B").pk,
        "path.host_meeting_id": academy.meeting("C").pk,
        "path.group_id": academy.groups["B"].pk,
        "path.user_id": academy.add_member("Ben", "B").pk,
        "query.meeting_id": academy.meeting("A").pk,
    }
    lines = [f'"{name}" = {pk}\n' for name, pk in own.items() if ids == "own"]
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG + "".join(lines), encoding="utf-8")
    schema = f"{live_server.url}/api/schema/"
    done = run_schemathesis(schema, ada, config, phases=phases, seconds=seconds)
    assert done.returncode == 0, done.stdout + done.stderr
