"""What is deployed: the image, Compose, systemd's units, the proxies and the environment."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.lens.deploy.deploy_files import (
    PROCESSES,
    SERVICES,
    parse_stages,
    read,
    read_product,
    read_setting_names,
)
from tests.support.processes import ROOT

DEPLOY = ROOT / "docs" / "deploy"
NOT_PINNED = {"", "latest", "slim", "stable", "3", "17"}


# -- the image -------------------------------------------------------------------------------------


def find_faults(text: str) -> list[str]:
    """Return what is wrong with a Dockerfile, in words."""
    stages = parse_stages(text)
    every = [one for stage in stages for one in stage]
    last = dict(stages[-1])  # of each instruction, the last one counts
    names = [name for name, _ in stages[-1]]
    tags = [rest.split()[0].partition(":")[2] for name, rest in every if name == "FROM"]
    installs = [n for n, (name, rest) in enumerate(stages[0]) if name == "RUN" and "pip" in rest]
    sources = [n for n, (name, rest) in enumerate(stages[0]) if name == "COPY" and rest == ". ."]
    checks = {
        "a base without an exact tag": any(tag in NOT_PINNED for tag in tags),
        "one stage": len(stages) < 2,
        "ADD": any(name == "ADD" for name, _ in every),
        "runs as root": last.get("USER", "root") in {"root", "0"},
        "root after USER": "USER" in names and "RUN" in names[names.index("USER") :],
        "no health check": "HEALTHCHECK" not in names,
        "a secret": any(
            name in {"ARG", "ENV"} and re.search(r"SECRET|TOKEN|PASSWORD|KEY", rest)
            for name, rest in every
        ),
        "packages without hashes": not any(
            name == "RUN" and "--require-hashes" in rest for name, rest in every
        ),
        "each change of the code installs again": not installs
        or any(source < installs[0] for source in sources),
        "no static files": not any("collectstatic" in rest for _, rest in stages[-1]),
    }
    return [fault for fault, found in checks.items() if found]


def test_the_image_is_small_pinned_and_not_roots() -> None:
    assert find_faults(read("Dockerfile")) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (":3.13.7-slim-trixie", "", "a base without an exact tag"),
        ("USER lens\n", "", "runs as root"),
        ("COPY requirements.txt /", "ADD https://example.org/requirements.txt /", "ADD"),
        ("HEALTHCHECK", "LABEL", "no health check"),
        ("--require-hashes ", "", "packages without hashes"),
        ("COPY requirements.txt /", "COPY . .", "each change of the code installs again"),
        ("USER lens\n", "USER lens\nENV SECRET_KEY=x\n", "a secret"),
    ],
)
def test_a_fault_in_the_image_is_found(old: str, new: str, fault: str) -> None:
    assert fault in find_faults(read("Dockerfile").replace(old, new))


def test_the_image_has_the_product_and_nothing_else() -> None:
    kept = read_product()
    assert all((ROOT / path).exists() for path in kept)
    apps = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    needed = {"manage.py", "gunicorn.conf.py", "requirements.txt", "static", "templates"}
    assert kept == apps | needed


# -- Compose ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*PROCESSES, "upgrade", "backup", "database"])
def test_a_container_writes_nothing_outside_its_volumes(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "/tmp" in service["tmpfs"]  # noqa: S108 - of the container
    assert "no-new-privileges:true" in service["security_opt"]


@pytest.mark.parametrize("name", PROCESSES)
def test_a_process_starts_after_the_upgrade_and_has_a_health_check_of_its_own(name: str) -> None:
    service = SERVICES[name]
    assert service["depends_on"]["upgrade"] == {"condition": "service_completed_successfully"}
    assert service["healthcheck"]["test"][1:] == ["python", "-m", "lens.probe", name]
    assert service["restart"] == "unless-stopped"


def test_the_upgrade_runs_once_on_a_healthy_database_that_no_one_else_can_reach() -> None:
    assert SERVICES["upgrade"]["command"] == ["python", "manage.py", "upgrade", "--no-static"]
    assert SERVICES["upgrade"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    assert "pg_isready" in SERVICES["database"]["healthcheck"]["test"]
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert list(published) == ["web"]
    assert all(port.startswith("127.0.0.1:") for port in published["web"])


def test_the_backup_programs_are_as_new_as_the_server() -> None:
    client = re.findall(r"postgresql-client-(\d+)", read("Dockerfile"))
    server = re.match(r"postgres:(\d+)\.", SERVICES["database"]["image"])
    assert server
    assert client == [server[1]]


def test_the_image_keeps_the_one_description_of_a_service_that_lens_reads() -> None:
    kept = re.findall(r"! -name (\S+)\.json -delete", read("Dockerfile"))
    read_ones = re.findall(
        r'get_static_doc\("(\w+)", "(\w+)"\)', read("calendarsync/rest/client.py")
    )
    assert kept == [".".join(names) for names in read_ones] != []


def test_compose_runs_what_the_procfile_runs() -> None:
    lines = dict(line.split(": ", 1) for line in read("Procfile").splitlines())
    commands = {name: " ".join(SERVICES[name].get("command", ())) for name in PROCESSES}
    assert commands | {"web": "gunicorn lens.wsgi"} == lines
    assert 'CMD ["gunicorn", "lens.wsgi"]' in read("Dockerfile")


# -- systemd and the proxies -----------------------------------------------------------------------


def units() -> list[Path]:
    return sorted([*DEPLOY.glob("*.service"), *DEPLOY.glob("*.timer")])


def test_there_is_a_unit_for_each_process_and_a_timer_for_backups() -> None:
    names = {f"lens-{name}.service" for name in (*PROCESSES, "backup")} | {"lens-backup.timer"}
    assert {unit.name for unit in units()} == names
    lines = dict(line.split(": ", 1) for line in read("Procfile").splitlines())
    for name in PROCESSES:
        [started] = re.findall(
            r"^ExecStart=/srv/lens/.venv/bin/(.+)$",
            read(DEPLOY / f"lens-{name}.service"),
            re.MULTILINE,
        )
        assert started == lines[name]


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_a_unit_has_no_mistake(unit: Path) -> None:
    text = read(unit)
    for line in text.splitlines():
        assert re.fullmatch(r"(|#.*|\[[A-Z]\w+\]|[A-Z]\w+=.+)", line), line
    if unit.suffix == ".service":
        for line in ("User=lens", "NoNewPrivileges=true", "ProtectSystem=strict"):
            assert line in text
    assert read_complaints(unit) == []


def read_complaints(unit: Path) -> list[str]:
    """What systemd says about a unit, except that Lens is not installed on this machine."""
    if not shutil.which("systemd-analyze"):
        return []
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    said = [line for line in done.stderr.splitlines() if unit.name in line]
    return [line for line in said if "/srv/lens/" not in line]


def test_systemd_finds_a_mistake_where_it_is_installed(tmp_path: Path) -> None:
    wrong = tmp_path / "lens-web.service"
    wrong.write_text(read(DEPLOY / "lens-web.service").replace("Restart=always", "Restart=maybe"))
    assert bool(read_complaints(wrong)) == bool(shutil.which("systemd-analyze"))


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        (
            "nginx.conf",
            [
                "proxy_set_header X-Forwarded-Proto $scheme;",
                "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
                "proxy_set_header Host $host;",
                "proxy_request_buffering on;",
                "proxy_buffering on;",
            ],
        ),
        ("Caddyfile", ["reverse_proxy 127.0.0.1:8000", "request_buffers", "response_buffers"]),
    ],
)
def test_a_proxy_buffers_and_replaces_what_clients_claim(name: str, lines: list[str]) -> None:
    text = read(DEPLOY / name)
    assert [line for line in lines if line not in text] == []


# -- the environment, and the commands of contributors ---------------------------------------------


def test_the_example_of_an_environment_has_every_setting_and_no_other() -> None:
    lines = re.findall(r"^#?([A-Z_]+)=", read(DEPLOY / "environment.example"), re.MULTILINE)
    assert len(lines) == len(set(lines))
    assert set(lines) - {"POSTGRES_PASSWORD"} == read_setting_names()
    assert set(re.findall(r"\$\{(\w+)", read("compose.yaml"))) == {"POSTGRES_PASSWORD"}


def test_ci_elsewhere_and_the_hooks_run_what_ci_runs_here() -> None:
    workflow = yaml.safe_load(read(".github/workflows/ci.yml"))
    steps = workflow["jobs"]["ci"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [
        "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        "sudo apt-get update",
        "bash .ci/run",
    ]
    [repository] = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    lint = read("Makefile").partition("\nlint:")[2].partition("\n\n")[0]
    for hook in repository["hooks"]:
        command = hook["entry"].partition(".venv/bin/")[2].removeprefix("python ")
        assert command.replace("ruff format", "ruff format --check") in lint, hook["id"]
