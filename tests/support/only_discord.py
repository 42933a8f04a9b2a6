"""Fixtures for runs in which only Discord is kept in step."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cohorts.sync import registry


@pytest.fixture
def only_discord(settings) -> Iterator[None]:
    """No other mirror than Discord, for what is counted call by call."""
    settings.GROUP_MIRRORS = ["discordsync.mirror.DiscordMirror"]
    registry.all_mirrors.cache_clear()
    yield
    registry.all_mirrors.cache_clear()


@pytest.fixture
def no_waiting(settings) -> None:
    """The next probe after an outage, and the next try after a failure, come at once."""
    settings.SYNC = {**settings.SYNC, "probe_seconds": 0, "backoff_seconds": 0}
