"""The demo's ports and files, and the environment of its processes."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BASE_DIR = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"
ADMIN = "admin@example.org"
PASSWORD = "sandbox"  # noqa: S105 - of this machine's sample only
GUILD_ID = "100000000000000001"
CLIENT_ID = "100000000000000002"
# Variables of the real services may be set in this shell; they must not be used here.
LEFT_OUT = (
    *("DISCORD_", "GOOGLE_", "SENTRY_", "EMAIL_", "SECRET_", "INSTALLATION_", "ALLOWED_"),
    *("DATABASE_", "SYNC_", "WATCH_", "DJANGO_", "REQUIRE_", "STAFF_", "TRUSTED_"),
)


class CannotRun(Exception):
    """The message says what to do."""


@dataclass(frozen=True)
class Local:
    port: int
    sandbox_port: int
    var: Path

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Local:
        """Ports from PORT and SANDBOX_PORT, the folder of all data from VAR.  Raises CannotRun."""
        return cls(
            port=parse_port("PORT", environment.get("PORT") or "8000"),
            sandbox_port=parse_port("SANDBOX_PORT", environment.get("SANDBOX_PORT") or "8001"),
            var=Path(environment.get("VAR") or BASE_DIR / "var").absolute(),
        )

    @property
    def site_url(self) -> str:
        return f"http://{HOST}:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://{HOST}:{self.sandbox_port}"

    @property
    def database(self) -> Path:
        return self.var / "lens.sqlite3"

    @property
    def sandbox_state(self) -> Path:
        return self.var / "sandbox.json"

    @property
    def mail(self) -> Path:
        return self.var / "mail"

    @property
    def logs(self) -> Path:
        return self.var / "log"

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the processes."""
        kept = {name: text for name, text in given.items() if not name.startswith(LEFT_OUT)}
        return kept | {
            "DEBUG": "1",
            "DATABASE_URL": f"sqlite:///{self.database}",
            "SITE_URL": self.site_url,
            "EMAIL_URL": f"filemail:///{self.mail}",  # a fourth slash: the path is absolute
            "DISCORD_BOT_TOKEN": "sandbox-local",
            "DISCORD_GUILD_ID": GUILD_ID,
            "DISCORD_CLIENT_ID": CLIENT_ID,
            "DISCORD_CLIENT_SECRET": "sandbox-local",
            "DISCORD_API_BASE": f"{self.sandbox_url}/api/v10",
            "GOOGLE_CALENDAR_ID": "lens@sandbox.example",
            "GOOGLE_CALENDAR_API_BASE": self.sandbox_url,
            "WATCH_GRACE_SECONDS": "5",  # the sandbox answers at once
            "PYTHONUNBUFFERED": "1",
        }


def parse_port(name: str, text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CannotRun(f"{name} must be a port, 1 to 65535; it is {text!r}.")
    return int(text)


def check_ports(local: Local) -> None:
    """Raise CannotRun if a port is not available."""
    if local.port == local.sandbox_port:
        raise CannotRun(f"PORT and SANDBOX_PORT are both {local.port}; they must differ.")
    for name, port in (("PORT", local.port), ("SANDBOX_PORT", local.sandbox_port)):
        with socket.socket() as probe:
            # As servers do, so that connections of a server that has just ended do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError as error:
                raise CannotRun(
                    f"Port {port} cannot be used ({error.strerror}). Stop the program that uses "
                    "it, perhaps another `make run`, or choose another port: make run "
                    f"{name}={port + 10}"
                ) from None


def put_halves_aside(local: Local) -> Path | None:
    """Move a database without its sandbox, or the reverse, away: it names missing objects.

    The files replace the former contents of a folder, which is returned. Returns None if both
    exist, or neither.
    """
    if local.database.exists() == local.sandbox_state.exists():
        return None
    aside = local.var / "before"
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(parents=True)
    for file in [*local.var.glob("lens.sqlite3*"), *local.var.glob("sandbox.json")]:
        os.replace(file, aside / file.name)
    return aside
