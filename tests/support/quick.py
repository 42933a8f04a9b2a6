"""What costs time in each test and shows nothing: slow hashes, and the search for lost objects.

Python looks through everything that lives, and thousands of collected tests live to the end.
"""

from __future__ import annotations

import gc

import pytest
from django.conf import settings

OBJECTS = 50_000  # made before Python looks for lost cycles; 700 otherwise

gc.set_threshold(OBJECTS)
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
