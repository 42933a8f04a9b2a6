"""`python -m lens.probe web`: whether the process of this machine or container works.

Ends with status 0 if the web process answers, or if the worker or bot of this host reported within
90 seconds. Each container runs it every 30 seconds, so it does not start Django, which takes
seconds of CPU time.
"""

import argparse
import http.client
import os
import socket
import sys
from collections.abc import Mapping

import psycopg
from django.core.exceptions import ImproperlyConfigured
from psycopg.sql import SQL, Identifier

from lens.env import Env

HEARTBEATS = {"worker": "sync_workerheartbeat", "bot": "bot_botheartbeat"}
WITHIN = "90 seconds"  # as in cohorts/reconcile/workers/heartbeats.py
# Where a process that listens on all addresses is asked.
OWN = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - connects, binds nothing
MAX_PORT = 65535
PATIENCE = 5  # seconds; the container's own limit is 15


def main() -> None:
    sys.exit(find_problem(make_parser().parse_args().process, os.environ))


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lens.probe", description=__doc__)
    parser.add_argument("process", choices=["web", *HEARTBEATS])
    return parser


def find_problem(process: str, given: Mapping[str, str]) -> str | None:
    """Return what is wrong with the process, as a sentence without secrets; None if it works."""
    env = Env(given)
    try:
        works = is_answering(env) if process == "web" else is_reporting(process, env)
    except ImproperlyConfigured as error:
        return f"The {process} cannot be asked: {error}"
    except (OSError, http.client.HTTPException, psycopg.Error) as error:
        return f"The {process} does not work: {type(error).__name__}."
    return None if works else f"The {process} does not work. Its log says why."


class UnixConnection(http.client.HTTPConnection):
    """A connection through the socket at a path."""

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE)
        self.sock.connect(self.host)


def is_answering(env: Env) -> bool:
    """Ask the web process itself, not the proxy before it, as one of its own hosts."""
    own = f"127.0.0.1:{env.whole('PORT', default=8000)}"
    [bind, *_] = env.names("WEB_BIND", default=[own])
    connection = connect_to(bind)
    [called, *_] = env.names("ALLOWED_HOSTS", default=["localhost"])
    connection.request("GET", "/healthz", headers={"Host": called})
    return connection.getresponse().status == http.client.OK


def connect_to(bind: str) -> http.client.HTTPConnection:
    """Return a connection to where gunicorn listens, by its own notation."""
    if path := bind.removeprefix("unix:").removeprefix("//") if bind.startswith("unix:") else "":
        return UnixConnection(path)
    host, _, port = bind.rpartition(":")
    if not port.isdecimal() or int(port) > MAX_PORT:
        raise ImproperlyConfigured(
            "WEB_BIND must be an address and a port, such as 0.0.0.0:8000, or unix:/path; it is "
            f"{bind!r}."
        )
    host = host.strip("[]")
    return http.client.HTTPConnection(OWN.get(host, host), int(port), timeout=PATIENCE)


def is_reporting(process: str, env: Env) -> bool:
    """Read from the database whether a process of this host has a recent heartbeat."""
    query = SQL(
        "SELECT EXISTS (SELECT FROM {} WHERE starts_with(name, %s)"
        " AND last_seen_at >= now() - %s::interval)"
    ).format(Identifier(HEARTBEATS[process]))
    with psycopg.connect(env.text("DATABASE_URL"), connect_timeout=PATIENCE) as connection:
        found = connection.execute(query, [f"{socket.gethostname()[:70]}:", WITHIN]).fetchone()
    return bool(found and found[0])


if __name__ == "__main__":
    main()
