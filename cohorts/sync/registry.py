"""The providers. This layer does not import them: settings.GROUP_MIRRORS names their classes."""

from __future__ import annotations

from functools import cache

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.sync.mirror import Mirror
from cohorts.sync.troubles import TROUBLES, UNKNOWN, TroubleText


@cache
def all_mirrors() -> dict[str, Mirror]:
    """Return every provider by name, configured or not."""
    mirrors: list[Mirror] = [import_string(path)() for path in settings.GROUP_MIRRORS]
    return {mirror.name: mirror for mirror in mirrors}


def configured_mirrors() -> dict[str, Mirror]:
    return {name: mirror for name, mirror in all_mirrors().items() if mirror.is_configured()}


def find_trouble(code: str) -> TroubleText:
    """Return the text of an issue code, from our table or a provider's."""
    if code in TROUBLES:
        return TROUBLES[code]
    for mirror in all_mirrors().values():
        if code in mirror.troubles:
            return mirror.troubles[code]
    return UNKNOWN
