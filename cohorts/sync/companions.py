"""Health checks of other processes, shown on the staff's start page.

Higher layers provide them: settings.COMPANIONS names functions `() -> Companion | None`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils.module_loading import import_string

from cohorts.sync.words import Standing


@dataclass(frozen=True, slots=True)
class Companion:
    """Another process: its name, its status, and when it was last seen (real time)."""

    title: str
    standing: Standing
    heard_at: datetime | None = None


def see_companions() -> list[Companion]:
    found = (import_string(path)() for path in settings.COMPANIONS)
    return [companion for companion in found if companion is not None]
