"""The files that describe how Lens is deployed, as the tests read them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from tests.support.processes import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_bytes())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCESSES = ("web", "worker", "bot")
Instruction = tuple[str, str]


def read(path: str | Path) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parse_stages(text: str) -> list[list[Instruction]]:
    """Return the instructions of each stage: a name, and what follows it in one line."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.split(None, 1) for line in text.splitlines() if line.strip()]
    stages: list[list[Instruction]] = []
    for name, rest in lines:
        if name == "FROM":
            stages.append([])
        stages[-1].append((name, " ".join(rest.split())))
    return stages


def read_product() -> set[str]:
    """Return the files and folders that the image has."""
    lines = [line for line in read(".dockerignore").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    return {line[1:] for line in lines if line.startswith("!")}


def read_setting_names() -> set[str]:
    """Return the names of the environment variables that Lens reads."""
    source = read("lens/settings.py") + read("gunicorn.conf.py")
    return set(re.findall(r"env\.\w+\(\s*[\"\'](\w+)", source))
