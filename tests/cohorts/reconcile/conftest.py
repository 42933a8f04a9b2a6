"""The in-memory provider alone, for the reconciler's own tests."""

from __future__ import annotations

from typing import Any

import pytest

from cohorts.reconcile.provider import provider_admins, providers
from tests.support.in_memory import LinkAdmin, LinkProvider
from tests.support.registries import Registered


@pytest.fixture
def links(registered: Registered, settings: Any) -> LinkProvider:
    """The only provider, which reads what is due before each call."""
    provider = LinkProvider()
    registered.only(providers, provider)
    registered.only(provider_admins, LinkAdmin(provider))
    settings.SYNC = {**settings.SYNC, "read_seconds": 0}
    return provider
