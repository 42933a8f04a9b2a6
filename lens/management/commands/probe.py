"""`manage.py probe web`: whether the process of this machine or container works."""

import http.client
import os
import socket
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, InterfaceError

from cohorts.reconcile.workers.heartbeats import is_worker_alive
from discordsync.bot.gateway.heartbeats import is_bot_connected
from lens.env import Env

SECONDS = 5


class Command(BaseCommand):
    help = (
        "End with status 0 if this machine's or container's process works: the web process "
        "answers, or its worker or bot reported within 90 seconds."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("process", choices=["web", "worker", "bot"])

    def handle(self, *args: Any, process: str, **options: Any) -> None:
        here = socket.gethostname()
        try:
            works = {
                "web": is_web_answering,
                "worker": lambda: is_worker_alive(here),
                "bot": lambda: is_bot_connected(here),
            }[process]()
        except (OSError, http.client.HTTPException, DatabaseError, InterfaceError) as error:
            raise CommandError(f"The {process} does not work: {type(error).__name__}.") from error
        if not works:
            raise CommandError(f"The {process} does not work. Its log says why.")


def is_web_answering() -> bool:
    env = Env(os.environ)
    address = env.text("WEB_BIND", default=f"127.0.0.1:{env.whole('PORT', default=8000)}")
    host, _, port = address.rpartition(":")
    connection = http.client.HTTPConnection(
        "127.0.0.1" if host in {"", "0.0.0.0"} else host,  # noqa: S104 - connects, and does not bind
        int(port),
        timeout=SECONDS,
    )
    connection.request("GET", "/healthz", headers={"Host": settings.ALLOWED_HOSTS[0]})
    return connection.getresponse().status == http.client.OK
