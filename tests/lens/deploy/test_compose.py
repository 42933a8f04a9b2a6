"""compose.yaml agrees with the Dockerfile, the settings, the commands, the proxies and the docs."""

from __future__ import annotations

import copy
import re
import shlex
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand
from gunicorn.config import Config

from lens.probe import make_parser
from tests.lens.deploy.deploy_files import COMPOSE, parse_stages, read, read_setting_names
from tests.support.processes import ROOT

Compose = dict[str, Any]
LAST_STAGE = parse_stages(read("Dockerfile"))[-1]
IMAGE = dict(LAST_STAGE)
OF_PYTHON = {"PATH", "PYTHONDONTWRITEBYTECODE", "PYTHONUNBUFFERED"}
OPERATIONS = read("docs/operations.md")


def find_faults(compose: Compose) -> list[str]:
    """Return what is wrong with a compose.yaml, in words."""
    checks = (find_wrong_commands, find_wrong_settings, find_wrong_places, find_wrong_dependencies)
    return [fault for check in checks for fault in check(compose)]


# -- commands --------------------------------------------------------------------------------------


def find_wrong_commands(compose: Compose) -> Iterator[str]:
    for name, service in list_own(compose):
        commands = [service.get("command", read_list(IMAGE["CMD"]))]
        check = service["healthcheck"]
        if not check.get("disable"):
            kind, *command = check["test"]
            commands.append(command if kind == "CMD" else [])
        for each in commands:
            if fault := find_wrong_words([str(word) for word in each]):
                yield f"{name}: {fault}"


def find_wrong_words(words: list[str]) -> str:
    """Return why a command cannot run in the image, or "". It is parsed as it would be there."""
    try:
        if words[:1] == ["gunicorn"]:
            assert (ROOT / words[1].replace(".", "/")).with_suffix(".py").exists()
            Config().parser().parse_args(words[1:])
        elif words[1:3] == ["-m", "lens.probe"]:
            assert words[0] == "python"
            make_parser().parse_args(words[3:])
        else:
            assert words[:2] == ["python", "manage.py"]
            make_command(words[2]).create_parser("manage.py", words[2]).parse_args(words[3:])
    except (Exception, SystemExit) as error:
        return f"{' '.join(words)} ({error})"
    return ""


def make_command(name: str) -> BaseCommand:
    app = get_commands()[name]
    return app if isinstance(app, BaseCommand) else load_command_class(app, name)


# -- settings --------------------------------------------------------------------------------------


def find_wrong_settings(compose: Compose) -> Iterator[str]:
    server = compose["services"]["database"]["environment"]
    for name, service in list_own(compose):
        for key in service["environment"].keys() - read_setting_names():
            yield f"{name}: Lens reads no {key}"
        url = urlsplit(re.sub(r"\$\{(\w+).*?\}", r"\1", service["environment"]["DATABASE_URL"]))
        reached = (url.username, url.password, url.hostname, url.port, url.path[1:])
        if reached != (server["POSTGRES_USER"], "POSTGRES_PASSWORD", "database", 5432, "lens"):
            yield f"{name}: the database is another one"
    if server.get("POSTGRES_DB", server["POSTGRES_USER"]) != "lens":
        yield "database: it has another name"


def test_the_image_sets_only_what_lens_or_python_reads() -> None:
    names = {pair.partition("=")[0] for pair in IMAGE["ENV"].split()}
    assert names - OF_PYTHON <= read_setting_names()


# -- ports, volumes and files ----------------------------------------------------------------------


def find_wrong_places(compose: Compose) -> Iterator[str]:
    [(address, inside)] = [port.rsplit(":", 1) for port in compose["services"]["web"]["ports"]]
    if (f"0.0.0.0:{inside}", inside) != (read_image_setting("WEB_BIND"), IMAGE["EXPOSE"]):
        yield "web: the image listens on another port"
    if not all(address in read(f"docs/deploy/{name}") for name in ("nginx.conf", "Caddyfile")):
        yield "web: the proxies of docs/deploy connect to another address"
    mounts = [
        volume.split(":")
        for each in compose["services"].values()
        for volume in each.get("volumes", ())
    ]
    named = {outside for outside, _ in mounts if not outside.startswith((".", "/"))}
    if named != set(compose["volumes"]):
        yield "a volume is not declared, or not used"
    # Up to PostgreSQL 17; later images have another folder.
    if ["database", "/var/lib/postgresql/data"] not in mounts:
        yield "database: its data are in no volume"
    command = compose["services"]["backup"]["command"]
    if ["./backups", command[command.index("--folder") + 1]] not in mounts:
        yield "backup: it writes into no volume"


def read_image_setting(name: str) -> str:
    return dict(pair.split("=", 1) for pair in IMAGE["ENV"].split())[name]


def test_the_folder_of_backups_is_made_for_the_user_of_the_image() -> None:
    [uid] = re.findall(r"useradd .*--uid (\d+) .*\blens\b", read("Dockerfile"))
    assert IMAGE["USER"] == "lens"
    assert f"mkdir backups && sudo chown {uid} backups" in OPERATIONS


# -- order -----------------------------------------------------------------------------------------


def find_wrong_dependencies(compose: Compose) -> Iterator[str]:
    services = compose["services"]
    for name, service in services.items():
        for other, how in service.get("depends_on", {}).items():
            ends = services.get(other, {}).get("restart") == "no"
            check = services.get(other, {}).get("healthcheck", {"disable": True})
            expected = "service_completed_successfully" if ends else "service_healthy"
            if how != {"condition": expected} or (not ends and check.get("disable")):
                yield f"{name}: it waits for {other} in vain"
        if name != "database" and "database" not in service.get("depends_on", {}):
            yield f"{name}: it does not wait for the database"


# -- all of it -------------------------------------------------------------------------------------


def list_own(compose: Compose) -> list[tuple[str, dict[str, Any]]]:
    """Return the services that run the image of Lens."""
    return [(name, each) for name, each in compose["services"].items() if each["image"] == "lens"]


def read_list(text: str) -> list[str]:
    return re.findall(r'"(.+?)"', text)


def test_compose_has_no_fault() -> None:
    assert find_faults(COMPOSE) == []


def put(*path: str | int, value: Any) -> Callable[[Compose], None]:
    def change(compose: Compose) -> None:
        place = compose["services"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value

    return change


FAULTS = {
    "worker: python manage.py work": put("worker", "command", 2, value="work"),
    "upgrade: python manage.py upgrade --fast": put("upgrade", "command", 3, value="--fast"),
    "bot: python -m lens.probe robot": put("bot", "healthcheck", "test", 4, value="robot"),
    "web: Lens reads no DATABASE": put("web", "environment", "DATABASE", value="x"),
    "web: the database is another one": put(
        "web", "environment", "DATABASE_URL", value="postgres://lens:x@localhost/lens"
    ),
    "web: the image listens on another port": put("web", "ports", 0, value="127.0.0.1:8000:80"),
    "web: the proxies": put("web", "ports", 0, value="127.0.0.1:8080:8000"),
    "a volume is not declared": put(
        "database", "volumes", 0, value="data:/var/lib/postgresql/data"
    ),
    "backup: it writes into no volume": put("backup", "command", 4, value="/elsewhere"),
    "web: it waits for upgrade in vain": put(
        "web", "depends_on", "upgrade", value={"condition": "service_healthy"}
    ),
    "worker: it waits for database in vain": put(
        "database", "healthcheck", value={"disable": True}
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_in_compose_is_found(fault: str) -> None:
    # YAML's anchors give one object to several services.
    changed = {**COMPOSE, "services": {n: copy.deepcopy(s) for n, s in COMPOSE["services"].items()}}
    FAULTS[fault](changed)
    assert [found for found in find_faults(changed) if found.startswith(fault)]


def test_commands_of_the_documentation_run_in_a_container() -> None:
    lines = re.findall(r"^docker compose run --rm (.+?)(?:  +#.*)?$", OPERATIONS, re.MULTILINE)
    assert len(lines) == 3
    for line in lines:
        options = shlex.split(line)
        while options[0].startswith("-"):
            options = options[2:]  # -v and its value
        service, *command = options
        assert service in COMPOSE["services"]
        assert not command or find_wrong_words(command) == ""


def test_a_probe_of_compose_is_as_patient_as_the_images() -> None:
    names = {"start_period": "start-period"}
    options = dict(re.findall(r"--([\w-]+)=(\S+)", IMAGE["HEALTHCHECK"]))
    for service in COMPOSE["services"].values():
        check = service["healthcheck"]
        if not check.get("disable"):
            assert {names.get(k, k): str(v) for k, v in check.items() if k != "test"} == options
