"""For tests about facts alone: no mirror is asked to look."""

from __future__ import annotations

import pytest

from cohorts.reconcile.provider import providers
from tests.support.registries import Registered


@pytest.fixture
def without_mirrors(registered: Registered) -> None:
    registered.only(providers)
