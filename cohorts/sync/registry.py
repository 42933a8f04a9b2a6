"""Which mirrors there are: the lower floor reaches the upper through settings.GROUP_MIRRORS."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.sync.mirror import Mirror
from cohorts.sync.troubles import TROUBLES, UNKNOWN, TroubleText


@cache
def all_mirrors() -> dict[str, Mirror]:
    """Every mirror by name, configured or not."""
    mirrors: list[Mirror] = [import_string(path)() for path in settings.GROUP_MIRRORS]
    return {mirror.name: mirror for mirror in mirrors}


def configured_mirrors() -> dict[str, Mirror]:
    return {name: mirror for name, mirror in all_mirrors().items() if mirror.is_configured()}


def find_trouble(code: str) -> TroubleText:
    """The words for a code, from the one table that mirrors add to."""
    if code in TROUBLES:
        return TROUBLES[code]
    for mirror in all_mirrors().values():
        if code in mirror.troubles:
            return mirror.troubles[code]
    return UNKNOWN
