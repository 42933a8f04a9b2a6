"""The containers of compose.yaml, made without Docker: as close as a kernel's namespaces come.

A container is a process in namespaces of its own. Its commands see the files of the image and of
this machine, and can change none: only the tmpfs and volumes that compose.yaml names are writable,
and /dev/shm, which Docker mounts in each container. They run as the image's user, who has no
capabilities, and their environment is that of the Dockerfile and of compose.yaml alone.

This machine stands in for Debian's packages and for Python; building the image is not tried.

Needs Linux 5.12, and the right to make user namespaces and to mount in them; otherwise the test is
skipped.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest

from tests.lens.deploy.deploy_files import SERVICES, parse_stages, read, read_product
from tests.support.machines import context, dial, leave_this_machine
from tests.support.processes import ROOT
from tests.support.relay import Relay

PATIENCE = 600  # seconds; on a quiet machine, a few
LAST_STAGE = parse_stages(read("Dockerfile"))[-1]
[[USER]] = [re.findall(r"--uid (\d+)", rest) for name, rest in LAST_STAGE if "useradd" in rest]
[FOLDER] = [rest for name, rest in LAST_STAGE if name == "WORKDIR"]
[VENV] = [re.findall(r"(\S+)$", rest)[0] for name, rest in LAST_STAGE if "--from" in rest]
[BUILD] = [rest for name, rest in LAST_STAGE if name == "RUN" and "manage.py" in rest]
[COMMAND] = [re.findall(r'"(.+?)"', rest) for name, rest in LAST_STAGE if name == "CMD"]
BASE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"  # of the base image
OWN = {"tmp", "srv", "dev", Path(VENV).name}  # what a container has in place of this machine's
# How a system says no, or that it does not know the call. Any other error is one of this module.
REFUSALS = {errno.EPERM, errno.EACCES, errno.ENOSYS}

# Of unshare(2), mount(2), mount_setattr(2) and prctl(2).
NEW_MOUNTS, NEW_PROCESSES = 0x00020000, 0x20000000
NO_SET_USER, NO_DEVICES, NO_PROGRAMS, BIND, RECURSIVE = 0x2, 0x4, 0x8, 0x1000, 0x4000
SET_ATTRIBUTES, HERE, ALL_BELOW, READ_ONLY, PRIVATE = 442, -100, 0x8000, 0x1, 0x40000
DROP_CAPABILITY, NO_NEW_PRIVILEGES = 24, 38


@dataclass
class Place:
    """Where containers are made: the image's files, and a way to each service that they reach.

    `doors` has the socket of each port that answers on a container's own interface.
    """

    folder: Path
    settings: Mapping[str, str]  # .env
    doors: Mapping[int, Path]
    programs: Path  # with pg_dump
    more: Mapping[str, Mapping[str, str]]  # settings of one service only
    image: Path = field(init=False)

    def build(self) -> None:
        """Copy what the image has, and run what the Dockerfile runs there."""
        self.image = self.folder / "image"
        self.image.mkdir()
        for name in read_product():
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, self.image / name, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(ROOT / name, self.image / name)
        path = f"{Path(sys.executable).parent}:{BASE_PATH}"
        subprocess.run(BUILD, shell=True, cwd=self.image, env={"PATH": path}, check=True)  # noqa: S602

    def environment(self, service: str) -> dict[str, str]:
        """Return the whole environment of a service's commands."""
        made = {"PATH": f"{BASE_PATH}:{self.programs}", "HOME": "/home/lens", "HOSTNAME": service}
        for _, line in [one for one in LAST_STAGE if one[0] == "ENV"]:
            pairs = dict(pair.split("=", 1) for pair in line.split())
            made |= {key: value.replace("$PATH", made["PATH"]) for key, value in pairs.items()}
        assert SERVICES[service]["env_file"] == ".env"
        own = SERVICES[service]["environment"].items()
        filled_in = {key: self._fill_in(value) for key, value in own}
        return {**made, **self.settings, **filled_in, **self.more.get(service, {})}

    def _fill_in(self, text: str) -> str:
        return re.sub(r"\$\{(\w+)(:\?[^}]*)?\}", lambda found: self.settings[found[1]], text)


class Container:
    """A container of one service. `start` runs its command, `run` another one beside it."""

    def __init__(self, place: Place, service: str, files: Mapping[str, Path] | None = None) -> None:
        """`files`: more that can be read there, as with `docker compose run -v`."""
        self.service = service
        self.log = place.folder / f"{service}.log"
        self.log.touch()
        self.pid = 0
        self._orders, theirs = context.Pipe()
        self._process = context.Process(
            target=live_in_container, args=(place, service, dict(files or {}), theirs), daemon=True
        )
        self._process.start()
        theirs.close()
        if refused := self._ask(None):
            self.end()
            if refused.errno not in REFUSALS:
                raise refused
            pytest.skip(f"This machine allows no containers: {refused}")

    def start(self) -> None:
        self.pid = self._ask("start")

    def run(self, *command: str) -> str:
        """Run a command, by default the service's own, and return its output; it must succeed."""
        status, output = self.try_to(*command)
        assert status == 0, output
        return output

    def try_to(self, *command: str) -> tuple[int, str]:
        return self._ask(list(command) or SERVICES[self.service].get("command", COMMAND))

    def is_healthy(self) -> bool:
        """Do what the health check does once."""
        kind, *command = SERVICES[self.service]["healthcheck"]["test"]
        assert kind == "CMD"
        return self.try_to(*command)[0] == 0

    def said(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def end(self) -> None:
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)  # the others end with their first process
        self._process.kill()
        self._process.join(PATIENCE)

    def _ask(self, order: Any) -> Any:
        self._orders.send(order)
        assert self._orders.poll(PATIENCE), f"{self.service} did not answer to {order!r}"
        return self._orders.recv()


def live_in_container(
    place: Place, service: str, files: Mapping[str, Path], orders: Connection
) -> None:
    """Make a container of this process, and run there what the test orders."""
    log = (place.folder / f"{service}.log").open("ab")
    orders.recv()
    try:
        leave_this_machine(service, uid=int(USER))
        # First: threads keep the root folder in which the doors are, and a process that has left
        # its namespace of processes can start none.
        for port, door in place.doors.items():
            Relay(socket.create_server(("127.0.0.1", port)), lambda door=door: dial(door))
        _enter_image(place, service, files)
    except OSError as error:
        error.add_note(traceback.format_exc())  # which the exception loses on its way
        orders.send(error)
        return None
    _give_up_privileges()
    orders.send(None)
    environment = place.environment(service)
    process = None
    while True:
        try:
            order = orders.recv()
        except EOFError:  # the test has ended
            return process.kill() if process else None
        if order == "start":
            command = SERVICES[service].get("command", COMMAND)
            process = subprocess.Popen(command, cwd=FOLDER, env=environment, stdout=log, stderr=log)
            orders.send(process.pid)
        else:
            done = subprocess.run(
                order,
                cwd=FOLDER,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            orders.send((done.returncode, done.stdout))


def _enter_image(place: Place, service: str, files: Mapping[str, Path]) -> None:
    """Make the container's root folder, and enter it."""
    described = SERVICES[service]
    assert described["read_only"] is True
    _call("unshare", NEW_MOUNTS | NEW_PROCESSES)
    _set_attributes("/", propagation=PRIVATE)
    root = place.folder / f"{service}.root"
    root.mkdir()
    _mount_tmpfs(root)
    for each in sorted(Path("/").iterdir()):
        if each.is_symlink():
            (root / each.name).symlink_to(each.readlink())
        elif each.is_dir() and each.name not in OWN:
            _bind(each, root)
    made = place.folder / f"{service}.etc"
    made.mkdir()
    users = Path("/etc/passwd").read_text(encoding="utf-8")
    (made / "passwd").write_text(f"{users}lens:x:{USER}:{USER}::/home/lens:/bin/sh\n")
    (made / "hosts").write_text("127.0.0.1 localhost database\n")
    binds = {f"/etc/{file.name}": file for file in made.iterdir()} | {**files}
    binds |= {FOLDER: place.image, VENV: Path(sys.prefix), "/dev": Path("/dev")}
    volumes = [volume.split(":")[:2] for volume in described.get("volumes", ())]
    binds |= {inside: place.folder / outside for outside, inside in volumes}
    for inside, outside in binds.items():
        _bind(outside, root, inside)
    writable = [*described["tmpfs"], "/dev/shm"]  # noqa: S108 - of the container
    for inside in writable:
        (root / inside[1:]).mkdir(exist_ok=True)
        _mount_tmpfs(root / inside[1:], NO_SET_USER | NO_DEVICES | NO_PROGRAMS)
    # Scripts name Python by its path here, which may be in a folder of `OWN`.
    needed = (sys.prefix, str(Path(sys.prefix).resolve()), sys.base_prefix, str(place.programs))
    missing = [each for each in needed if not (root / each[1:]).exists()]
    for each in missing:
        _bind(Path(each), root, each)
    _set_attributes(root, add=READ_ONLY)
    for inside in (*writable, *(inside for _, inside in volumes)):
        _set_attributes(root / inside[1:], remove=READ_ONLY)
    for each in missing:
        _set_attributes(root / each[1:], add=READ_ONLY)
    os.chroot(root)
    os.chdir("/")


def _bind(outside: Path, root: Path, inside: str = "") -> None:
    place = root / (inside or str(outside))[1:]
    if outside.is_dir():
        place.mkdir(parents=True, exist_ok=True)
    elif not place.exists():
        place.touch()
    _call("mount", os.fsencode(outside), os.fsencode(place), None, BIND | RECURSIVE, None)


def _mount_tmpfs(place: Path, flags: int = 0) -> None:
    _call("mount", b"tmpfs", os.fsencode(place), b"tmpfs", flags, b"mode=1777")


def _set_attributes(
    place: str | Path, *, add: int = 0, remove: int = 0, propagation: int = 0
) -> None:
    """Set attributes of a mount and of all below it."""
    asked = (ctypes.c_uint64 * 4)(add, remove, propagation, 0)
    _call("syscall", SET_ATTRIBUTES, HERE, os.fsencode(place), ALL_BELOW, asked, 32)


def _give_up_privileges() -> None:
    """As `cap_drop: [ALL]` and `no-new-privileges`: a command has no capability, and gets none."""
    for number in range(64):
        with contextlib.suppress(OSError):  # this kernel has fewer
            _call("prctl", DROP_CAPABILITY, number, 0, 0, 0)
    _call("prctl", NO_NEW_PRIVILEGES, 1, 0, 0, 0)


def _call(name: str, *arguments: Any) -> None:
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments):
        code = ctypes.get_errno()
        raise OSError(code, f"{name} was refused: {os.strerror(code)}")
