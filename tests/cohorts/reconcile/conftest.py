"""Fixtures for whole runs of the conductor."""

from tests.support.clock import set_clock  # noqa: F401 - a fixture
from tests.support.only_discord import no_waiting, only_discord  # noqa: F401 - fixtures
