"""All addresses are read before the first test, as a process that runs reads them.

Some are there in a sandbox only.  A test that says SANDBOX = False and is the first to ask for a
page would leave them out for every test after it.
"""

from __future__ import annotations

from importlib import import_module

import pytest
from django.conf import settings


@pytest.fixture(scope="session", autouse=True)
def _addresses_are_read() -> None:
    import_module(settings.ROOT_URLCONF)
