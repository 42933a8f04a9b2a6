"""In a new checkout each test module is compiled once, and not by every worker at the same time.

Pytest rewrites the assertions of a module before it compiles it, which takes more CPU time than all
else before the first test.  Here each worker begins with its own share, and finds the rest done.
"""

from __future__ import annotations

import importlib
import os

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    if not worker or session.config.args_source != pytest.Config.ArgsSource.TESTPATHS:
        return
    root, count = session.config.rootpath, int(os.environ["PYTEST_XDIST_WORKER_COUNT"])
    modules = sorted((root / "tests").rglob("test_*.py"))
    for path in modules[int(worker) :: count]:
        importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
