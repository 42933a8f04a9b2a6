"""The providers. This layer does not import them: each app registers its own in `ready()`."""

from __future__ import annotations

from operator import attrgetter

from cohorts.reconcile.issues import TROUBLES, UNKNOWN, TroubleText
from cohorts.reconcile.provider import Provider
from cohorts.registries import Registry

providers: Registry[Provider] = Registry("providers", name_of=attrgetter("name"))


def configured_mirrors() -> dict[str, Provider]:
    return {name: mirror for name, mirror in providers.items() if mirror.is_configured()}


def find_trouble(code: str) -> TroubleText:
    """Return the text of an issue code, from our table or a provider's."""
    if code in TROUBLES:
        return TROUBLES[code]
    for mirror in providers.values():
        if code in mirror.troubles:
            return mirror.troubles[code]
    return UNKNOWN
