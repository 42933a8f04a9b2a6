"""Fixtures for runs in which only Discord is kept in step."""

from __future__ import annotations

import pytest

from cohorts.reconcile.provider import providers
from tests.support.registries import Registered


@pytest.fixture
def only_discord(registered: Registered) -> None:
    """No other mirror than Discord, for what is counted call by call."""
    registered.only(providers, "discord")


@pytest.fixture
def no_waiting(settings) -> None:
    """The next probe after an outage, and the next try after a failure, come at once."""
    settings.SYNC = {**settings.SYNC, "probe_seconds": 0, "backoff_seconds": 0}
