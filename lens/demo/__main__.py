"""The steps of `make run`."""

import http.client
import os
import signal
import sys
import time
import urllib.error
import urllib.request

from lens.demo.local import (
    ADMIN,
    BASE_DIR,
    HOST,
    PASSWORD,
    CannotRun,
    Local,
    check_ports,
    put_halves_aside,
)
from lens.demo.processes import ProcessFailed, ProcessGroup, Stopped
from lens.watch.signals import ENDING, SignalWaiter

ANSWER_SECONDS = 90  # enough for a slow, busy machine

READY = """
Lens is running.

  Admin           {site}/admin/      sign in as {admin}, password {password}
  Learner's page  {site}/meetings/   sign in as {learner}, password {password}
                  or with Discord, as anyone: the sandbox asks who you are
  Sandbox         {sandbox}/            Discord and Google Calendar in their current state

In the admin, press Realize on the page Today, then Realize now; watch the sandbox's page.
E-mails are stored in {mail}, logs in {logs}. Press Ctrl-C to stop.
"""

# Two processes of one machine must not use a proxy from the environment.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def main() -> int:
    with SignalWaiter({*ENDING, signal.SIGCHLD}) as signals:
        try:
            local = Local.from_environment(os.environ)
            check_ports(local)
        except CannotRun as error:
            say(str(error))
            return 1
        family = ProcessGroup(
            signals,
            folder=BASE_DIR,
            logs=local.logs,
            environment=local.environment(os.environ),
        )
        try:
            return run(local, family)
        finally:
            family.end()


def run(local: Local, family: ProcessGroup) -> int:
    """Run everything until Ctrl-C (returns 0), or until something fails (returns 1)."""
    try:
        start(local, family)
        while True:
            family.wait(3600)
    except Stopped:
        say("\nStopping. The data is kept for the next `make run`.")
        return 0
    except (ProcessFailed, CannotRun) as error:
        say(f"\n{error}\nStopping everything. The logs are in {nearby(local.logs)}.")
        return 1


def start(local: Local, family: ProcessGroup) -> None:
    aside = put_halves_aside(local)
    if aside:
        say(
            "The database and the sandbox did not match. Started with new data; the old data is "
            f"in {aside}."
        )
    say("Starting …")
    state = str(local.sandbox_state)
    family.start("sandbox", "sandbox", "--port", str(local.sandbox_port), "--state", state)
    family.run("data", "demo_data")
    family.start("web", "runserver", "--noreload", f"{HOST}:{local.port}")
    family.start("worker", "worker")
    family.start("clock", "follow_sandbox_clock")
    family.start("bot", "run_discord_bot")
    for name, url in addresses(local):
        wait_for_answer(family, name, url)
    learner = family.last_lines("data")[-1]
    say(
        READY.format(
            site=local.site_url,
            sandbox=local.sandbox_url,
            admin=ADMIN,
            learner=learner,
            password=PASSWORD,
            mail=nearby(local.mail),
            logs=nearby(local.logs),
        )
    )


def addresses(local: Local) -> list[tuple[str, str]]:
    """Return the URLs that must respond first, each with the process to check if it does not."""
    return [
        ("sandbox", f"{local.sandbox_url}/"),
        ("web", f"{local.site_url}/admin/login/"),
        ("web", f"{local.site_url}/meetings/"),
        ("worker", f"{local.site_url}/healthz?ready"),
        ("bot", f"{local.site_url}/healthz?bot"),
    ]


def wait_for_answer(family: ProcessGroup, name: str, url: str) -> None:
    """Wait until a URL responds. Raises CannotRun, ProcessFailed or Stopped."""
    deadline = time.monotonic() + ANSWER_SECONDS
    while problem := find_problem(url):
        if time.monotonic() > deadline:
            lines = "\n".join(f"  {line}" for line in family.last_lines(name))
            raise CannotRun(f"{url} did not answer: {problem}. Last lines of {name}:\n{lines}")
        family.wait(0.2)


def find_problem(url: str) -> str:
    """Return why a URL does not respond, or ""."""
    try:
        _opener.open(url, timeout=10).close()
    except urllib.error.HTTPError as error:
        with error:
            return f"status {error.code}"
    except (OSError, http.client.HTTPException) as error:
        return str(error) or type(error).__name__
    return ""


def nearby(path: object) -> str:
    return os.path.relpath(str(path))


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what it is for


if __name__ == "__main__":
    sys.exit(main())
