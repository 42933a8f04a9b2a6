"""Tests that drive a browser run last.

Playwright leaves its event loop marked as running in the thread that has used it, until the end of
the session: whatever starts a loop of its own there afterwards (`asyncio.run`) is refused.
"""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_drives_browser)  # stable: nothing else changes its place


def _drives_browser(item: pytest.Item) -> bool:
    return "playwright" in getattr(item, "fixturenames", ())
